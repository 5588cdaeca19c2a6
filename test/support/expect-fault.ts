import { expect } from "vitest";
import type { Expectation } from "./fault-case.js";
import type { FaultResult } from "./faults-page.js";
import { type Observation, PRIMARY } from "./trial.js";

const CLEAN = { timers: 0, listeners: 0, openRequests: 0, sockets: 0 };

/** Asserts that a fault came to what is expected of it, streamed and not, and that it left nothing behind. */
export function expectFault({ fault, streamed, whole, otherKey }: FaultResult): void {
  for (const seen of [streamed, whole]) {
    expectSeen(seen, fault.expect);
    expect(seen.bytes).toBeLessThan(fault.maxBytes ?? Number.POSITIVE_INFINITY);
  }
  expect(streamed.restarts).toBe(fault.midStream ? 1 : 0);
  expect(whole.restarts).toBe(0);
  if (fault.expectOtherKey) expectSeen(otherKey as Observation, fault.expectOtherKey);
}

function expectSeen(seen: Observation, expected: Expectation): void {
  const { record, verdict, requests, leaks } = seen;
  const [first] = record.attempts;
  expect(
    { verdict, requests, ...(first?.failure && { class: first.failure.class }) },
    JSON.stringify(first),
  ).toEqual(expected);
  expect(leaks).toEqual(CLEAN);
  // The record tells the same story as the provider's log.
  const [toPrimary, toFallback] = requests;
  const attempts = record.attempts.filter(({ model }) => model === PRIMARY).length;
  expect(attempts).toBeGreaterThanOrEqual(toPrimary);
  expect(record.attempts.length - attempts).toBe(toFallback);
  if (seen.error) expect(record.answeredBy).toBeUndefined();
  else expect(record.answeredBy?.requestedModel).toBe(`${verdict}/model`);
}
