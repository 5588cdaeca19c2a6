import type { Answer } from "./answer.js";
import { type AnswerCheck, asksForJson, type Complaint, checkOf } from "./answer-check.js";
import type { Gate } from "./attempt-init.js";
import { isoOf } from "./clock.js";
import { OptionsError } from "./errors.js";
import type { ChainConfig } from "./options.js";
import type { Caller, CallStart } from "./record.js";
import { checkKeys, requestDigest } from "./request.js";
import type { ChatRequest, Target } from "./types.js";

/** What may be said about one call. */
export interface CallOptions {
  /** Aborting it (or one of them) ends the call at once: sockets closed, waits ended, error code `aborted`. */
  signal?: AbortSignal | readonly AbortSignal[];
  /** Copied into the audit record and every log line, over the chain's own. */
  labels?: Record<string, string>;
  caller?: Caller;
  /** Replaces the first target's model for this call. */
  model?: string;
  /** Body keys below the targets' own `modelOptions`. */
  defaults?: Record<string, unknown>;
  /**
   * `content` (the default of `stream`): text is handed on as it comes. `complete` (whatever asks for JSON, and
   * `complete()`): nothing is handed on before the whole answer has passed its check, so that no stream can die in sight.
   */
  gate?: Gate;
  /** Replaces the check of JSON and tool calls: a complaint (which should quote no content) makes the answer an `invalid_response`. */
  check?: (answer: Answer) => string | undefined;
  /** USD for this call, in place of the chain's `maxCostUsd`. */
  maxCostUsd?: number;
  /** What the audit record says; true for `stream`, false for `complete`. */
  streamed?: boolean;
}

/** A call's own part of the plan, resolved. */
export interface CallPlan {
  request: ChatRequest;
  gate: Gate;
  check: AnswerCheck;
  streamed: boolean;
  labels: Record<string, string>;
  caller: Caller;
  signals: readonly AbortSignal[];
  /** Replaces the first target's model. */
  model?: string;
  /** Wire-named body keys below the targets' own. */
  defaults?: Record<string, unknown>;
  maxCostUsd?: number;
}

export function planOf(request: ChatRequest, options: CallOptions): CallPlan {
  const { signal, labels = {}, caller = {}, model, defaults, gate, check, streamed = true } = options;
  const { maxCostUsd } = options;
  if (maxCostUsd !== undefined && !(Number.isFinite(maxCostUsd) && maxCostUsd >= 0))
    throw new OptionsError(`maxCostUsd must be >= 0 (USD), got ${maxCostUsd}`);
  checkKeys("defaults", defaults ?? {});
  return {
    // A conversation that goes on while the answer streams must not change what a fallback is asked.
    request: { ...request, messages: request.messages.map((message) => ({ ...message })) },
    // JSON is of no use before it is whole, and only a whole one can be checked.
    gate: asksForJson(request) ? "complete" : (gate ?? "content"),
    check: check ? (answer) => complaint(check(answer), answer) : checkOf(request),
    streamed,
    labels,
    caller,
    signals: [signal ?? []].flat(),
    ...(model !== undefined && { model }),
    ...(defaults && { defaults }),
    ...(maxCostUsd !== undefined && { maxCostUsd }),
  };
}

function complaint(message: string | undefined, { toolCalls }: Answer): Complaint | undefined {
  if (message === undefined) return undefined;
  return { reason: toolCalls.length > 0 ? "tool_call" : "schema", message };
}

/** The chain's targets, the first with the model this call asks for. */
export function targetsOf({ model }: CallPlan, targets: readonly Target[]): readonly Target[] {
  const [first, ...others] = targets;
  if (model === undefined || !first) return targets;
  // The record must tell targets apart, also when the call asks for a model that is a fallback too.
  const taken = first.id !== first.model || others.some(({ id }) => id === model);
  if (model === first.model) return targets;
  // What was said of the first model's window and price says nothing of this one's.
  const { contextWindow: _, price: __, ...rest } = first;
  return [{ ...rest, id: taken ? first.id : model, model }, ...others];
}

/** What is known when the call begins. @throws OptionsError when the request is not JSON. */
export function startOf(
  plan: CallPlan,
  config: ChainConfig,
  callId: string,
  order: readonly Target[],
): CallStart {
  return {
    v: 1,
    callId,
    startedAt: isoOf(config.clock.wall()),
    strategy: config.strategy.name,
    streamed: plan.streamed,
    labels: { ...config.labels, ...plan.labels },
    caller: { ...plan.caller },
    targets: order.map(({ id }) => id),
    requestDigest: requestDigest(plan.request),
  };
}

/** A request that insists on a tool cannot be answered by a target that knows none. */
export function needsTools({ tool_choice: choice }: ChatRequest): boolean {
  return choice === "required" || typeof choice === "object";
}

/** Names of the tools a request offers. */
export function toolsOf({ tools }: ChatRequest): string[] {
  if (!Array.isArray(tools)) return [];
  return (tools as ({ function?: { name?: unknown } } | null)[]).flatMap((tool) => {
    const name = tool?.function?.name;
    return typeof name === "string" ? [name] : [];
  });
}
