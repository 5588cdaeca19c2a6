import type {
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { CatalogueSource, Price } from "./model-facts.js";

/** What went wrong with one attempt. */
export type FailureClass =
  | "rate_limit"
  | "overloaded"
  | "server_error"
  | "network"
  | "timeout"
  | "stream_interrupted"
  | "empty_response"
  | "invalid_response"
  | "context_length"
  | "content_filter"
  | "auth"
  | "payment"
  | "not_found"
  | "unsupported"
  | "invalid_request"
  | "aborted"
  | "deadline"
  | "unknown";

/** For which other targets a failure also speaks: this request, this model, this provider, or everything on this key. */
export type FailureScope = "request" | "model" | "provider" | "account";

/** The clock that ended an attempt. */
export type ClockPhase = "connect" | "first_token" | "idle" | "attempt" | "throughput";

/** Why one attempt failed: plain JSON, free of keys and prompts. */
export interface Failure {
  class: FailureClass;
  scope: FailureScope;
  /** One line for a person; at most 500 characters; keys and echoed prompts removed. */
  message: string;
  /** HTTP status, or the numeric code an in-band error carried. */
  status?: number;
  /** The most specific code the wire gave (`error_type`, `availability.code`, an errno, …). */
  code?: string;
  /** Milliseconds the server asked to wait. */
  retryAfterMs?: number;
  requestId?: string;
  /** Which clock, when class is `timeout`. */
  phase?: ClockPhase;
  /** The class an in-band error would have had before content, when class is `stream_interrupted`. */
  inner?: FailureClass;
  /** The upstream provider that OpenRouter named as the origin. */
  upstream?: string;
  /** `free` narrows an account failure to `:free` models. */
  tier?: "free";
  /** Context window in tokens, as the error states it. */
  limitTokens?: number;
  /** Tokens the request needed, as the error states it. */
  neededTokens?: number;
  /** Of these, the tokens asked for the answer, where the error says so; else `neededTokens` is the prompt's. */
  outputTokens?: number;
}

/** Raw evidence that `classify` turns into a Failure. */
export type Signal =
  | { kind: "http"; status: number; headers: Record<string, string>; body: string }
  /** An error envelope inside a 200: a JSON body, or an SSE event (`afterContent` when content came before it). */
  | { kind: "error_body"; body: unknown; headers?: Record<string, string>; afterContent: boolean }
  | { kind: "thrown"; error: unknown; afterContent: boolean }
  /** `rate`: the tokens per second that phase `throughput` asks for. */
  | { kind: "timeout"; phase: ClockPhase; ms: number; rate?: number }
  | { kind: "eof"; afterContent: boolean }
  /** `status`: of a reply without a body. */
  | { kind: "empty"; finishReason?: string; reasoning: boolean; status?: number }
  | { kind: "refusal"; text: string }
  /** A finish reason that is not success; `unknown` is no evidence of it, and `detail` names it. */
  | { kind: "finish"; reason: "error" | "content_filter" | "unknown"; detail?: string; afterContent: boolean }
  | { kind: "invalid"; reason: InvalidReason; message: string; status?: number }
  | { kind: "aborted"; message?: string }
  | { kind: "deadline"; ms: number };

export type InvalidReason =
  | "redirect"
  | "content_type"
  | "content_encoding"
  | "status"
  | "json"
  | "oversized"
  | "no_choices"
  | "schema"
  | "tool_call";

export type ChatMessage = ChatCompletionMessageParam;

/** The OpenAI chat-completions body without `model` and `stream`; OpenRouter's own keys are welcome. */
export type ChatRequest = Omit<ChatCompletionCreateParams, "model" | "stream"> & { [key: string]: unknown };

/** The body one target gets: a ChatRequest with its model. */
export type WireRequest = ChatRequest & { model: string };

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cacheReadInputTokens?: number;
  cacheCreationInputTokens?: number;
  reasoningTokens?: number;
  /** USD as the wire gave it (`usage.cost`). */
  costUsd?: number;
}

/** Known ones are listed; a provider may send others. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter" | (string & {});

export type TextPart = { type: "text"; text: string };
export type ThoughtsPart = { type: "thoughts"; text: string };
/** A fragment of one tool call: `arguments` of equal `index` are concatenated. */
export type ToolCallPart = { type: "toolCall"; index: number; id?: string; name?: string; arguments: string };
/** An output file: `data` is base64, or `url` where the model gave only an address. */
export type FilePart = { type: "file"; mimeType: string; data?: string; url?: string };
export type ContentPart = TextPart | ThoughtsPart | ToolCallPart | FilePart;
export type UsagePart = { type: "usage"; usage: Usage };

/** What a consumer of the chain sees. */
export type Part =
  | ContentPart
  /** Discard everything before: attempt number `attempt` died of `failure`, another one starts over. */
  | { type: "restart"; attempt: number; failure: Failure }
  | UsagePart
  | { type: "finish"; reason: FinishReason; model: string };

/** What a provider hands to the engine. */
export type ProviderPart =
  | ContentPart
  | UsagePart
  | { type: "refusal"; text: string }
  | { type: "finish"; reason: FinishReason }
  /** Facts about the answer, when they become known. */
  | { type: "meta"; model?: string; generationId?: string; servedBy?: string };

/** What an endpoint understands; what it does not is left out of the request and listed in the attempt. */
export interface Supports {
  /** `stream_options.include_usage` */
  usageInStream: boolean;
  tools: boolean;
  jsonSchema: boolean;
  /** Continues an assistant message that ends the request; needed for `recovery: "continue"`. */
  prefill: boolean;
  /** OpenRouter's own body keys: provider, plugins, transforms, reasoning, models, route, … */
  openRouterKeys: boolean;
}

export interface OpenContext {
  /** Aborted when a clock fires, the caller leaves, or another lane wins. */
  signal: AbortSignal;
  attemptId: string;
  /** To be called once, when response headers have arrived (whatever their status). */
  onHeaders(head: { status: number; requestId?: string }): void;
}

/** The port to an endpoint. Implement it to bring your own; throw `SignalError` for whatever goes wrong. */
export interface Provider {
  readonly name: string;
  /** Equal strings share a key: an auth or payment failure of one target then excludes the others. */
  readonly account: string;
  readonly supports: Supports;
  /** Clock defaults of this endpoint, below whatever the user sets. */
  readonly timeouts?: Partial<AttemptTimeouts>;
  /** Throws OptionsError when nothing can be sent yet, such as for want of a key. Asked before a call's first attempt. */
  ready?(): void;
  /** Removes this provider's secrets from a text. */
  redact?(text: string): string;
  /**
   * Sends one request. Resolves when the answer may begin; then `parts` yields one array per network read and
   * ends when the answer does. Both reject with `SignalError`.
   */
  open(request: WireRequest, context: OpenContext): Promise<AsyncIterable<readonly ProviderPart[]>>;
  close?(): Promise<void>;
  /** Where requests go, for telemetry; no path, no user, no key. May throw while nothing can be sent yet. */
  readonly server?: { readonly address: string; readonly port: number } | undefined;
  /** The list that windows, prices and capabilities of this provider's models come from. */
  readonly catalogue?: CatalogueSource;
}

/** Milliseconds; `false` turns a clock off. */
export interface AttemptTimeouts {
  connectMs: number | false;
  firstTokenMs: number | false;
  idleMs: number | false;
  attemptMs: number | false;
}

export interface Timeouts extends AttemptTimeouts {
  totalMs: number | false;
  consumerMs: number | false;
}

/** `full`: random(0, d); `equal`: d/2 + random(0, d/2); `false`: d. */
export type Jitter = "full" | "equal" | false;

export interface RetryRule {
  retries: number;
  minDelayMs: number;
  maxDelayMs: number;
  factor: number;
  jitter: Jitter;
  then: "next" | "stop";
}

export type RetryOptions = { [K in FailureClass]?: Partial<RetryRule> };

/** One model at one provider, with everything that is special about it resolved. */
export interface Target {
  readonly id: string;
  readonly model: string;
  readonly provider: Provider;
  /** Wire-named body defaults of this target. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly timeouts: AttemptTimeouts;
  /** firstTokenMs while no other target is left. */
  readonly lastFirstTokenMs: number | false;
  readonly retry: RetryPolicy;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  readonly price?: Price;
  /** Fewer tokens per second than this, over a window, is a timeout of phase `throughput`. */
  readonly minTokensPerSecond?: Throughput;
  readonly maxConcurrent?: Concurrency;
}

/** `rate`: tokens per second; `windowMs`: the time over which they are counted. */
export interface Throughput {
  rate: number;
  windowMs: number;
}

/** At most `limit` calls at a target at once; one more waits for `waitMs`, then goes on to the next target. */
export interface Concurrency {
  limit: number;
  waitMs: number;
}

/** A rule with its default for the last target; `explicit` when the user set `retries`. */
export interface ResolvedRule extends RetryRule {
  lastRetries: number;
  explicit: boolean;
}

export type RetryPolicy = { readonly [K in FailureClass]: ResolvedRule };

/** What is decided after a failure. */
export type Verdict = { do: "retry"; waitMs: number } | { do: "next" } | { do: "stop" };

export type RecoveryMode = "restart" | "continue" | "fail";

/** Time as the engine sees it; replaceable for simulation. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Unix milliseconds. */
  wall(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}
