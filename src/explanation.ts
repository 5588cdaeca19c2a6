import { withoutEchoes } from "./failure/echo.js";
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

/** Characters of an error that somebody else's code threw. */
const MAX_ERROR = 300;

/** What may be shown of an error that somebody else's code threw: it may quote a key, or an address with a password. */
export function errorWords(error: unknown, providers: Iterable<Provider>): string {
  let text = sanitizeText(String(error), 2 * MAX_ERROR);
  for (const provider of providers) text = withoutSecrets(text, provider);
  return sanitizeText(redact(text, { secrets: [] }), MAX_ERROR);
}

/** Classifies, and takes keys and echoes of the prompt out of whatever a server said. */
export function explainer(request: ChatRequest, clock: Clock): Explain {
  let prompt: string | undefined;
  return (signal, provider) => {
    const failure = classify(signal, { wallNow: clock.wall() });
    prompt ??= promptText(request);
    const said = SERVER_TEXTS.flatMap((key) => {
      const text = failure[key];
      return text === undefined
        ? []
        : [{ key, text: redact(withoutSecrets(text, provider), { secrets: [] }) }];
    });
    // All at once, since the prompt may be long.
    const shown = withoutEchoes(
      said.map(({ text }) => text),
      prompt,
    );
    const texts = said.map(({ key }, index) => [key, shown[index]]);
    // An abort that the chain did not make is somebody's own fetch or provider giving up.
    const foreignAbort = failure.class === "aborted" && ({ class: "network", scope: "model" } as const);
    return { ...failure, ...Object.fromEntries(texts), ...foreignAbort };
  };
}
