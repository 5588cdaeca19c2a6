import { expect, test } from "vitest";
import { LineQueue, lineOf, Waiting } from "../../../src/journal/line-queue.js";

const TS = "2026-01-01T00:00:00.000Z";
const line = () => new Waiting(lineOf({ event: "attempt", callId: "c", attempt: { n: 1 } as never }), TS, 0);

function queueThatLost(count: number) {
  const queue = new LineQueue(10_000);
  queue.push(line());
  for (let i = 0; i < count; i++) queue.lose("attempt", TS);
  return queue;
}

test("what is lost is untold until the gap that tells of it is written", () => {
  const queue = queueThatLost(2);
  expect(queue.untold).toBe(2);
  expect(queue.takeGap()?.lost).toEqual({ attempt: 2 });
  const lines = queue.take(10_000);
  // The disk does not answer: whoever gives up now has to say that three are missing.
  expect(queue.untold + queue.count).toBe(3);
  queue.done(lines);
  expect(queue.untold + queue.count).toBe(0);
  expect(queue.lost).toBe(2);
});

test("a gap that could not be written is untold as before, and told with what is lost meanwhile", () => {
  const queue = queueThatLost(2);
  const gap = queue.takeGap();
  const lines = queue.take(10_000);
  queue.lose("attempt", TS);
  queue.returnGap(gap!);
  for (const { event, ts } of lines) queue.lose(event, ts);
  queue.done(lines);
  expect(queue.untold).toBe(4);
  expect(queue.takeGap()?.lost).toEqual({ attempt: 4 });
});
