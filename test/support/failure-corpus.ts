import { readdirSync, readFileSync } from "node:fs";
import type { Failure, Signal } from "../../src/types.js";

/** One case of the golden corpus. */
export interface FailureCase {
  family: string;
  name: string;
  signal: Signal;
  expect: Partial<Failure> &
    Pick<Failure, "class" | "scope"> & {
      /** On a first failure, with another target ready that the failure does not exclude. */
      verdict: "retry" | "next" | "stop";
      /** Which other targets it excludes. */
      excludes?: "account" | "provider" | "free" | "window";
    };
}

/** The wall clock the corpus reckons with: 2026-09-27T12:00:00Z. */
export const CORPUS_WALL = 1_790_510_400_000;

const FOLDER = new URL("../fixtures/failures/", import.meta.url);

/**
 * All cases. In the files an HTTP body that is not a string stands for its JSON, and a thrown error is described by
 * `name`, `message`, `cause`, `errors` and whatever fields it has.
 */
export function failureCorpus(): FailureCase[] {
  return readdirSync(FOLDER)
    .sort()
    .flatMap((file) => {
      const cases = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Omit<FailureCase, "family">[];
      return cases.map((each) => ({
        ...each,
        family: file.replace(".json", ""),
        signal: signalOf(each.signal),
      }));
    });
}

function signalOf(signal: Signal): Signal {
  if (signal.kind === "http") {
    const body: unknown = signal.body;
    return { ...signal, body: typeof body === "string" ? body : JSON.stringify(body) };
  }
  return signal.kind === "thrown" ? { ...signal, error: errorOf(signal.error) } : signal;
}

function errorOf(described: unknown): unknown {
  if (typeof described !== "object" || described === null) return described;
  const { name, message, cause, errors, ...fields } = described as Record<string, unknown>;
  const error = Array.isArray(errors)
    ? new AggregateError(errors.map(errorOf), String(message))
    : new Error(String(message), cause === undefined ? undefined : { cause: errorOf(cause) });
  return Object.assign(error, { name }, fields);
}
