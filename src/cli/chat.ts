import { FallbackChain } from "../fallback-chain.js";
import { defaultLogger } from "../logger.js";
import { checkBaseURL, checkKey } from "../providers/endpoint.js";
import { openRouter } from "../providers/openrouter.js";
import type { RecoveryMode, Timeouts } from "../types.js";
import { follow, type Outcome, viewOn } from "./follow.js";
import { EXIT, type Io, interruptedExit, printJson, UsageError } from "./io.js";
import { observed } from "./observer.js";
import { errorJson } from "./outcome.js";
import { Terminal } from "./terminal.js";
import { noView } from "./view.js";

export interface ChatFlags {
  model: string;
  fallback: string[];
  baseUrl?: string;
  apiKeyEnv: string;
  recovery: RecoveryMode;
  firstTokenMs?: number | false;
  totalMs?: number | false;
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
  const chain = new FallbackChain(
    {
      targets: [flags.model, ...flags.fallback],
      provider: providerOf(flags, io),
      recovery: flags.recovery,
      // One question is over before the list would be there.
      catalogue: false,
      timeouts: timeoutsOf(flags),
      ...observed(view, logs ? defaultLogger() : undefined),
    },
    { targetPath: (i) => (i === 0 ? "--model" : `--fallback (number ${i})`) },
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

function providerOf({ baseUrl = "", apiKeyEnv }: ChatFlags, { env, command }: Io) {
  const baseURL = baseUrl || env.OPEN_ROUTER_BASE_URL?.trim() || undefined;
  const path = baseUrl ? "--base-url" : "OPEN_ROUTER_BASE_URL";
  const apiKey = env[apiKeyEnv]?.trim();
  if (!apiKey) {
    throw new UsageError(
      `no API key: set the environment variable ${apiKeyEnv} (keys: https://openrouter.ai/keys; for \`open-router simulate\` any text will do), or try \`${command} demo\`, which needs none`,
    );
  }
  return openRouter({
    apiKey: checkKey(apiKeyEnv, apiKey),
    baseURL: baseURL && checkBaseURL(path, baseURL),
  });
}

function timeoutsOf({ firstTokenMs, totalMs }: ChatFlags): Partial<Timeouts> {
  return {
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    ...(totalMs !== undefined && { totalMs }),
  };
}

function jsonOf({ answer, record, error }: Outcome): Record<string, unknown> {
  if (error) return { ok: false, error: errorJson(error), record };
  return { ok: true, ...answer, record };
}
