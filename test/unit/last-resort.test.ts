import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Script } from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, drain, story } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const A = "a/one";
const B = "b/two";
const http = (status: number, ...waits: number[]): Script => [
  ...waits,
  { kind: "http", status, headers: {}, body: "{}" },
];
const once = { rate_limit: { retries: 0 }, server_error: { retries: 0 }, timeout: { retries: 0 } };

it("is not asked for by a second call when the breaker opens while a first is at it", async () => {
  const { chain, provider } = bench(
    { [A]: [http(500, 100), http(429), [5_000, ...answer("a")]] },
    { retry: once, breaker: { consecutive: 1 } },
  );
  const failing = drain(chain.stream(ask));
  await drain(chain.stream(ask));
  // Cooling down, and asked before its time.
  const first = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await failing).error).toBeDefined();
  expect(chain.health()[A]).toMatchObject({ breaker: { state: "open" }, inFlight: 1 });
  const waiting = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(1_000);
  const second = await waiting;
  expect(story(second.record)).toEqual([]);
  expect(second.record.skipped).toMatchObject([{ reason: "breaker_open" }]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await first).text).toBe("a");
  expect(provider.requests).toHaveLength(3);
});

it("is not asked for while a probe is under way, although its key has come to be blocked meanwhile", async () => {
  const { chain, provider } = bench(
    { [A]: [http(500), [5_000, ...answer("a")]], [B]: [answer("b"), http(401)] },
    { retry: once, breaker: { consecutive: 1, openMs: 1_000 } },
  );
  expect((await drain(chain.stream(ask))).text).toBe("b");
  await vi.advanceTimersByTimeAsync(2_000);
  const probing = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(0);
  expect(story((await drain(chain.stream(ask))).record)).toEqual(["b/two first failed auth stop"]);
  expect(chain.health()[A]).toMatchObject({ blocked: { reason: "account_blocked" }, inFlight: 1 });
  const waiting = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(1_000);
  const { record } = await waiting;
  expect(story(record).filter((line) => line.startsWith(A))).toEqual([]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await probing).text).toBe("a");
  expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(2);
});
