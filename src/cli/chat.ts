import { FallbackChain } from "../fallback-chain.js";
import { defaultLogger } from "../logger.js";
import type { RecoveryMode } from "../types.js";
import { type ChainFlags, chainOptionsOf, targetPath } from "./chain-flags.js";
import { follow, type Outcome, viewOn } from "./follow.js";
import { EXIT, type Io, interruptedExit, printJson, UsageError } from "./io.js";
import { journalOf } from "./journal-flag.js";
import { observed } from "./observer.js";
import { errorJson } from "./outcome.js";
import { providerOf } from "./provider.js";
import { Terminal } from "./terminal.js";
import { noView } from "./view.js";

export interface ChatFlags extends ChainFlags {
  recovery: RecoveryMode;
  journal?: string;
  stream: boolean;
  json?: boolean;
}

/** Plays one real call. Returns the exit code. */
export async function chat(prompt: string, flags: ChatFlags, io: Io): Promise<number> {
  if (prompt.trim() === "") throw new UsageError('the prompt is empty: open-router chat "Hello"');
  const { json = false } = flags;
  // On one screen with the timeline, log lines would say the same a second time; asked for, they are given.
  const logs = !json && (io.stderr.isTTY !== true || io.env.OPEN_ROUTER_LOG_LEVEL !== undefined);
  const terminal = new Terminal(io, { steady: logs && io.stderr.isTTY === true });
  const view = json ? noView : viewOn(terminal);
  const { audit, logger } = observed(view, logs ? defaultLogger() : undefined);
  const chain = new FallbackChain(
    {
      ...chainOptionsOf(flags),
      provider: providerOf(flags, io),
      recovery: flags.recovery,
      // One question is over before the list would be there.
      catalogue: false,
      audit: [audit, ...journalOf(flags.journal)],
      logger,
    },
    { targetPath },
  );
  const request = { messages: [{ role: "user" as const, content: prompt }] };
  const { interrupt } = io;
  const stream = chain.stream(request, {
    signal: interrupt,
    streamed: flags.stream,
    gate: flags.stream ? "content" : "complete",
  });
  let outcome: Outcome;
  try {
    outcome = await follow(stream, view);
  } finally {
    await chain.close();
  }
  if (json) printJson(io, jsonOf(outcome));
  if (outcome.error?.code === "aborted" && interrupt.aborted) return interruptedExit(interrupt);
  return outcome.error ? EXIT.no : EXIT.ok;
}

function jsonOf({ answer, record, error }: Outcome): Record<string, unknown> {
  if (error) return { ok: false, error: errorJson(error), record };
  return { ok: true, ...answer, record };
}
