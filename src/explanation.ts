import { withoutEchoes } from "./failure/echo.js";
import { withoutEscapes } from "./failure/escapes.js";
import { classify } from "./failure.js";
import { promptText } from "./prompt-text.js";
import { redact, sanitizeText } from "./redaction.js";
import type { ChatRequest, Clock, Failure, Provider, Signal } from "./types.js";

/** Says what a signal of one provider means, in words that may be shown. */
export type Explain = (signal: Signal, provider: Provider) => Failure;

/** Fields of a failure that hold a server's words. */
const SERVER_TEXTS = ["message", "code", "requestId", "upstream"] as const;

/** What may be shown of a text. Nothing of it, when the provider fails to say. */
export function withoutSecrets(text: string, provider: Provider): string {
  try {
    return provider.redact?.(text) ?? text;
  } catch {
    return "[redacted]";
  }
}

/** No secrets beside those that the provider takes out: what looks like a key. */
const NOTHING_ELSE = { secrets: [] };

/** Characters of an error that somebody else's code threw. */
const MAX_ERROR = 300;

/** What may be shown of an error that somebody else's code threw: it may quote a key, or an address with a password. */
export function errorWords(error: unknown, providers: Iterable<Provider>): string {
  let text = sanitizeText(String(error), 2 * MAX_ERROR);
  for (const provider of providers) text = withoutSecrets(text, provider);
  return sanitizeText(redact(text, NOTHING_ELSE), MAX_ERROR);
}

/** Classifies, and takes keys and echoes of the prompt out of whatever a server said. */
export function explainer(request: ChatRequest, clock: Clock): Explain {
  let prompt: string | undefined;
  return (signal, provider) => {
    const failure = classify(signal, { wallNow: clock.wall() });
    prompt ??= promptText(request);
    const said = SERVER_TEXTS.filter((key) => failure[key] !== undefined);
    const shown = clean(
      said.map((key) => failure[key] as string),
      // All at once, since the prompt may be long.
      (texts) =>
        withoutEchoes(
          texts.map((text) => redact(withoutSecrets(text, provider), NOTHING_ELSE)),
          prompt ?? "",
        ),
    );
    const texts = said.map((key, index) => [key, shown[index]]);
    // An abort that the chain did not make is somebody's own fetch or provider giving up.
    const foreignAbort = failure.class === "aborted" && ({ class: "network", scope: "model" } as const);
    return { ...failure, ...Object.fromEntries(texts), ...foreignAbort };
  };
}

/** Also what is found only when a text is read without escapes; without such finds it stays as it was said. */
function clean(said: readonly string[], purge: (texts: readonly string[]) => string[]): string[] {
  const shown = purge(said);
  if (!shown.some((text) => text.includes("\\"))) return shown;
  const plain = shown.map((text) => sanitizeText(withoutEscapes(text), text.length));
  const purged = purge(plain);
  return shown.map((text, index) => {
    const { [index]: read = "" } = purged;
    return read === plain[index] ? text : read;
  });
}
