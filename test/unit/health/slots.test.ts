import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/clock.js";
import { Slots } from "../../../src/health/slots.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const one = { limit: 1, waitMs: 1_000 };
const stay = () => {};

it("gives a free slot to whoever has waited longest", async () => {
  const slots = new Slots();
  slots.take();
  const order: string[] = [];
  const first = slots.wait(one, systemClock, stay).then((got) => order.push(`first ${got}`));
  const second = slots.wait(one, systemClock, stay).then((got) => order.push(`second ${got}`));
  expect(slots.free(one)).toBe(false);
  slots.give();
  await first;
  expect(slots.used).toBe(1);
  slots.give();
  await second;
  expect(order).toEqual(["first true", "second true"]);
  slots.give();
  expect(slots.used).toBe(0);
});

it("gives up after waitMs, and whoever has left is passed by", async () => {
  const slots = new Slots();
  slots.take();
  let leave = () => {};
  const gone = slots.wait(one, systemClock, (leaving) => {
    leave = leaving;
  });
  const late = slots.wait(one, systemClock, stay);
  const next = slots.wait({ limit: 1, waitMs: 5_000 }, systemClock, stay);
  leave();
  expect(await gone).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await late).toBe(false);
  slots.give();
  expect(await next).toBe(true);
  expect(slots.used).toBe(1);
});

it("knows limits of its own for each who waits, and keeps nobody of a higher one back", async () => {
  const slots = new Slots();
  slots.take();
  slots.take();
  const strict = slots.wait(one, systemClock, stay);
  const wide = slots.wait({ limit: 2, waitMs: 1_000 }, systemClock, stay);
  expect(slots.free({ limit: 9, waitMs: 0 })).toBe(true);
  expect(slots.free({ limit: 2, waitMs: 0 })).toBe(false);
  slots.give();
  expect(await wide).toBe(true);
  slots.give();
  slots.give();
  expect(await strict).toBe(true);
});
