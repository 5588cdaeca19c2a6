import { getEventListeners, setMaxListeners } from "node:events";
import { expect, test } from "vitest";
import { CallerSignals } from "../../src/caller-signals.js";

test("many calls on one signal are no leak to Node", async () => {
  const warnings: unknown[] = [];
  const note = (warning: unknown) => warnings.push(warning);
  process.on("warning", note);
  const { signal } = new AbortController();
  const calls = Array.from({ length: 30 }, () => new CallerSignals([signal], () => {}));
  for (const call of calls) call.listen();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  expect(getEventListeners(signal, "abort")).toHaveLength(30);
  expect(warnings).toEqual([]);
  for (const call of calls) call.leave();
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test.each([0, 3, 50])("a limit that the user has set stays: %i", (limit) => {
  const { signal } = new AbortController();
  setMaxListeners(limit, signal);
  let fired = 0;
  new CallerSignals([signal], () => fired++).listen();
  signal.dispatchEvent(new Event("abort"));
  expect(fired).toBe(1);
});

test("one that has fired already is told at once, and once", () => {
  let fired = 0;
  new CallerSignals([AbortSignal.abort(), AbortSignal.abort()], () => fired++).listen();
  expect(fired).toBe(1);
});
