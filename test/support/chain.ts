import type { ChainStream } from "../../src/answer-stream.js";
import {
  type AuditRecord,
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
  type MemoryAudit,
  memoryAudit,
  type Part,
} from "../../src/chain.js";
import { type ScriptedOptions, type ScriptedProvider, scripted } from "../../src/providers/scripted.js";

export const ask = { messages: [{ role: "user" as const, content: "Say it." }] };

export interface Bench {
  chain: FallbackChain;
  provider: ScriptedProvider;
  audit: MemoryAudit;
}

/** A chain over one scripted provider whose models are asked in the order they are written. */
export function bench(script: ScriptedOptions["script"], options: Partial<FallbackChainOptions> = {}): Bench {
  const provider = scripted({ script });
  const audit = memoryAudit();
  const chain = new FallbackChain({
    targets: Object.keys(script),
    provider,
    audit,
    logger: false,
    random: () => 0.5,
    ...options,
  });
  return { chain, provider, audit };
}

export interface Outcome {
  parts: Part[];
  /** Judged as a consumer that follows restarts sees it. */
  text: string;
  error?: FallbackChainError;
  record: AuditRecord;
}

/** Reads a stream to its end, whichever that is. */
export async function drain(stream: ChainStream): Promise<Outcome> {
  const parts: Part[] = [];
  let text = "";
  let error: FallbackChainError | undefined;
  try {
    for await (const part of stream) {
      parts.push(part);
      if (part.type === "text") text += part.text;
      if (part.type === "restart") text = "";
    }
  } catch (caught) {
    if (!FallbackChainError.is(caught)) throw caught;
    error = caught;
  }
  return { parts, text, record: await stream.record, ...(error && { error }) };
}

/** One word per attempt: target, why, how it ended. */
export function story(record: AuditRecord): string[] {
  return record.attempts.map(({ target, why, outcome, failure, verdict }) =>
    [target, why, outcome, failure?.class, verdict].filter(Boolean).join(" "),
  );
}
