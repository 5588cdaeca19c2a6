import type { FailureClass, FallbackChainErrorCode } from "../../src/chain.js";
import type { FaultName } from "../../src/testing/index.js";
import { P, PACE, type Trial } from "./trial.js";

export interface Expectation {
  /** Whose whole answer the caller gets, or the code of the error. */
  verdict: "primary" | "fallback" | FallbackChainErrorCode;
  /** Of the first failure. */
  class?: FailureClass;
  /** Seen by the primary and by the fallback. */
  requests: [number, number];
}

export interface FaultCase extends Trial {
  /** Of the fault matrix. */
  row?: number;
  name: string;
  does: string;
  expect: Expectation;
  /** With a second key for the fallback, where that changes the outcome. */
  expectOtherKey?: Expectation;
  /** What the primary may at most get rid of, in bytes. */
  maxBytes?: number;
  /** Text was shown when the fault struck: a streamed call restarts once. */
  midStream?: boolean;
}

/** Milliseconds of the clock that a silent primary runs into. */
export const SHORT_MS = 300;

/** What happens when the primary answers in its own words, with this fault. */
export const script = (name: FaultName, more: object = {}) =>
  ({ fault: name, text: P, pace: PACE, ...more }) as Trial["primary"];

export const answer = (
  verdict: "primary" | "fallback",
  requests: [number, number],
  name?: FailureClass,
): Expectation => ({ verdict, requests, ...(name && { class: name }) });

export const stopped = (name: FailureClass): Expectation => ({
  verdict: "stopped",
  class: name,
  requests: [1, 0],
});

export const fault = (
  name: FaultName,
  does: string,
  expect: Expectation,
  more: Partial<FaultCase> = {},
): FaultCase => ({ name, does, primary: script(name), expect, ...more });

/** A fault that strikes when text has been shown. */
export const midStream = (name: FaultName, does: string, more: Partial<FaultCase> = {}) =>
  fault(name, does, answer("fallback", [1, 1], "stream_interrupted"), { midStream: true, ...more });
