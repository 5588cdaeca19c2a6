import { classify } from "./failure.js";
import { promptText } from "./prompt-text.js";
import { redact } from "./redaction.js";
import type { ChatRequest, Clock, Failure, Provider, Signal } from "./types.js";

/** Says what a signal of one provider means, in words that may be shown. */
export type Explain = (signal: Signal, provider: Provider) => Failure;

/** Fields of a failure that hold a server's words. */
const SERVER_TEXTS: ReadonlySet<string> = new Set(["message", "code", "requestId", "upstream"]);

/** Classifies, and takes keys and echoes of the prompt out of whatever a server said. */
export function explainer(request: ChatRequest, clock: Clock): Explain {
  let prompt: string | undefined;
  return (signal, provider) => {
    const failure = classify(signal, { wallNow: clock.wall() });
    prompt ??= promptText(request);
    const echo = { secrets: [], prompt };
    const texts = Object.entries(failure).flatMap(([key, value]) =>
      typeof value === "string" && SERVER_TEXTS.has(key)
        ? [[key, redact(provider.redact?.(value) ?? value, echo)]]
        : [],
    );
    // An abort that the chain did not make is somebody's own fetch or provider giving up.
    const foreignAbort = failure.class === "aborted" && ({ class: "network", scope: "model" } as const);
    return { ...failure, ...Object.fromEntries(texts), ...foreignAbort };
  };
}
