import type { Answer, RetryAfter, ScriptedError } from "./answer.js";
import type { ErrorShape } from "./error-events.js";
import type {
  BodyFaultName,
  ContentFaultName,
  ErrorEventFaultName,
  HeadFaultName,
  HttpFaultName,
  OnceFaultName,
  StreamFaultName,
  WireFaultName,
} from "./faults.js";

interface Step {
  /** How many requests this step answers before the next one takes over. Default 1; the last step stays for ever. */
  times?: number;
}

/** A healthy answer. */
export interface AnswerScript extends Answer, Step {
  fault?: never;
  either?: never;
}

/** An HTTP error with OpenRouter's own words; `pace.headersMs` delays it. */
export interface HttpFaultScript extends Answer, Step {
  fault: HttpFaultName;
  /** Default: as recorded; 429-ra 1 s, 429-ra-60 60 s. */
  retryAfter?: RetryAfter;
  headers?: Record<string, string>;
  either?: never;
}

/** An HTTP error once, then the healthy answer. */
export interface OnceFaultScript extends Answer, Step {
  fault: OnceFaultName;
  retryAfter?: RetryAfter;
  either?: never;
}

/** Any HTTP reply. A string body is sent as text/plain unless `headers` say otherwise. */
export interface CustomFaultScript extends Answer, Step {
  fault: "http";
  /** Default 500. */
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  retryAfter?: RetryAfter;
  either?: never;
}

/** Trouble before or in the response head. */
export interface HeadFaultScript extends Answer, Step {
  fault: HeadFaultName;
  /** Where a redirect points. */
  location?: string;
  /** header-drip, endless-100: milliseconds between two acts. */
  everyMs?: number;
  /** huge-header: its size. */
  bytes?: number;
  either?: never;
}

/** A 200 with the wrong body. */
export interface BodyFaultScript extends Answer, Step {
  fault: BodyFaultName;
  /** gzip-bomb: its size when inflated. */
  bytes?: number;
  either?: never;
}

/**
 * An error inside a 200: (1) beside a choice with `finish_reason: "error"`, (2) beside `finish_reason: null`, with usage
 * and [DONE], (3) with `choices: []`, (4) the bare envelope, (5) inside the choice.
 */
export interface ErrorEventScript extends Answer, Step {
  fault: ErrorEventFaultName;
  shape?: ErrorShape;
  /** Default: what that shape was seen to say. */
  error?: ScriptedError;
  /** Whether [DONE] follows. Default: with shape 2 only. */
  done?: boolean;
  /** After how many tokens; default half of them. Without meaning for err-first…. */
  at?: number;
  either?: never;
}

/** Trouble in the stream. */
export interface StreamFaultScript extends Answer, Step {
  fault: StreamFaultName;
  /** After how many tokens; default half of them. */
  at?: number;
  /** Milliseconds between comments, bytes or tokens of the fault. */
  everyMs?: number;
  /** huge-line: its size. */
  bytes?: number;
  either?: never;
}

/** A right answer in an unusual form. */
export interface WireFaultScript extends Answer, Step {
  fault: WireFaultName;
  either?: never;
}

/** An answer that arrives whole and is not what was asked for. */
export interface ContentFaultScript extends Answer, Step {
  fault: ContentFaultName;
  /** After how many tokens; default half of them. */
  at?: number;
  either?: never;
}

export type FaultScript =
  | HttpFaultScript
  | OnceFaultScript
  | CustomFaultScript
  | HeadFaultScript
  | BodyFaultScript
  | ErrorEventScript
  | StreamFaultScript
  | WireFaultScript
  | ContentFaultScript;

/** One of several, drawn from the seed for every request. */
export interface EitherScript extends Step {
  /** Probabilities; when they sum to less than 1, the rest is the healthy default answer. */
  either: { p: number; script: Script }[];
  fault?: never;
}

/** What a model does with a request: plain JSON. */
export type Script = AnswerScript | FaultScript | EitherScript;

/** A script for ever, or steps: each answers one request (or its `times`), the last one for ever. */
export type ModelScript = Script | Script[];
