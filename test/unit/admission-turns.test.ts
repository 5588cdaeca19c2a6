import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  createHealth,
  FallbackChain,
  hedged,
  OptionsError,
  race,
  type Script,
  scripted,
} from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, drain, story } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const A = "a/one";
const B = "b/two";
const C = "c/three";
const forever = Number.POSITIVE_INFINITY;
const http = (status: number, ...waits: number[]): Script => [
  ...waits,
  { kind: "http", status, headers: {}, body: "{}" },
];
const says = (ms: number, text: string): Script => ({ headersMs: 0, steps: [ms, ...answer(text)] });
const once = {
  rate_limit: { retries: 0 },
  server_error: { retries: 0 },
  timeout: { retries: 0 },
  network: { retries: 0 },
};

async function played<T>(...promises: Promise<T>[]): Promise<T[]> {
  const all = Promise.all(promises);
  for (let i = 0; i < 600; i++) await vi.advanceTimersByTimeAsync(100);
  return all;
}

it("a target that is too dear only while money is set aside is asked when that has come back", async () => {
  const price = (output: number) => ({ input: 0, output });
  const { chain } = bench(
    { [A]: [http(500, 200)], [B]: [http(500, 1_000)], [C]: [answer("c")] },
    {
      targets: [
        { model: A, price: price(10) },
        { model: B, price: price(10) },
        { model: C, price: price(20) },
      ],
      retry: once,
      strategy: hedged({ afterMs: 100 }),
      maxCostUsd: 0.025,
    },
  );
  const [outcome] = await played(drain(chain.stream({ ...ask, max_tokens: 1_000 })));
  expect(outcome!.text).toBe("c");
});

it("a call of a higher limit does not queue behind one of a lower", async () => {
  const health = createHealth();
  const provider = scripted({ script: { [A]: [says(10_000, "a")] } });
  const limited = (limit: number) =>
    new FallbackChain({
      targets: [A],
      provider,
      logger: false,
      health,
      maxConcurrent: { limit, waitMs: 2_000 },
    });
  const one = limited(1);
  const first = drain(one.stream(ask));
  const second = drain(one.stream(ask));
  await vi.advanceTimersByTimeAsync(0);
  const third = drain(limited(10).stream(ask));
  const outcomes = await played(first, second, third);
  expect(outcomes.map(({ text }) => text)).toEqual(["a", "", "a"]);
});

it.each([401, 402])(
  "a key that is refused with %i last does not stop a call that has a target of another key to try",
  async (status) => {
    const one = scripted({ name: "one", script: { [A]: [http(500), answer("a")] } });
    const two = scripted({ name: "two", script: { [B]: [answer("b"), http(status)] } });
    const chain = new FallbackChain({
      targets: [
        { model: A, provider: one },
        { model: B, provider: two },
      ],
      logger: false,
      retry: once,
      breaker: { consecutive: 1 },
    });
    await drain(chain.stream(ask));
    // At once, while the breaker is open.
    const [outcome] = await played(drain(chain.stream(ask)));
    expect(outcome!.text).toBe("a");
  },
);

it("a cancelled lane does not go on waiting for its turn", async () => {
  const caller = new AbortController();
  const { chain } = bench({ [A]: [http(500), [forever]] }, { retry: once, breaker: { consecutive: 1 } });
  await played(drain(chain.stream(ask)));
  const others = [drain(chain.stream(ask, { signal: caller.signal }))];
  await vi.advanceTimersByTimeAsync(10);
  const last = chain.stream(ask);
  const reading = drain(last);
  await vi.advanceTimersByTimeAsync(10);
  others.push(drain(chain.stream(ask, { signal: caller.signal })));
  await vi.advanceTimersByTimeAsync(10);
  caller.abort();
  let heard = false;
  void Promise.all(others).then(() => {
    heard = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toBe(true);
  last.cancel();
  await reading;
});

it("a logger that aborts while the end of a call is told leaves one record", async () => {
  const caller = new AbortController();
  const log = (_: unknown, message: string) => message === "target skipped" && caller.abort();
  const logger = { debug: log, info: log, warn: log, error: log };
  const { chain, audit } = bench({ [A]: [http(401)], [B]: [answer("b")] }, { logger: logger as never });
  await played(drain(chain.stream(ask, { signal: caller.signal })));
  expect(audit.records).toHaveLength(1);
});

it("a late probe leaves another's lease alone", async () => {
  const late: Script = { headersMs: 0, steps: [130_000, "a", forever] };
  const silent: Script = { headersMs: 0, steps: [forever] };
  const { chain, provider } = bench(
    { [A]: [http(500), late, silent] },
    {
      retry: once,
      breaker: { consecutive: 1, openMs: 1_000 },
      timeouts: { connectMs: false, firstTokenMs: false, idleMs: false, totalMs: false, consumerMs: false },
    },
  );
  await played(drain(chain.stream(ask)));
  const probes = [chain.stream(ask)];
  const reading = [drain(probes[0]!)];
  await vi.advanceTimersByTimeAsync(121_000);
  probes.push(chain.stream(ask));
  reading.push(drain(probes[1]!));
  await vi.advanceTimersByTimeAsync(20_000);
  probes[0]!.cancel();
  await vi.advanceTimersByTimeAsync(0);
  const third = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(1_500);
  expect((await third).record.attempts).toEqual([]);
  expect(provider.requests).toHaveLength(3);
  probes[1]!.cancel();
  await Promise.all(reading);
});

it("whoever has nobody left waits for a turn although the one who asks holds the only room", async () => {
  const { chain } = bench(
    { [A]: [http(429), [100, ...answer("a")], answer("b")] },
    { retry: once, maxConcurrent: 1 },
  );
  await drain(chain.stream(ask));
  const first = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(1);
  const [one, two] = await played(first, drain(chain.stream(ask)));
  expect([one!.text, two!.text]).toEqual(["a", "b"]);
});

it("a hedge that fails gives way to the next, once that may be asked", async () => {
  const { chain } = bench(
    { [A]: [says(20_000, "a")], [B]: [http(404, 10)], [C]: [http(429, 0), answer("c")] },
    { targets: [A, B, C], strategy: hedged({ afterMs: 100 }), retry: once, random: () => 0.99 },
  );
  // C cools down for a quarter of a second.
  const cooled = drain(chain.stream(ask, { model: C }));
  await vi.advanceTimersByTimeAsync(150);
  const [outcome] = await played(drain(chain.stream(ask)));
  await cooled;
  expect(outcome!.text).toBe("c");
});

it("a race with nobody left does not tick", async () => {
  const { chain } = bench({ [A]: [says(15_000, "a")], [B]: [says(16_000, "b")] }, { strategy: race() });
  const reading = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(0);
  const set = vi.spyOn(globalThis, "setTimeout");
  await vi.advanceTimersByTimeAsync(10_000);
  // The lag meter's, twice a second, and no more.
  expect(set.mock.calls.length).toBeLessThanOrEqual(21);
  set.mockRestore();
  await played(reading);
});

it("a lane whose provider cannot send holds nothing", async () => {
  const good = scripted({ name: "good", script: { [B]: [says(10_000, "b")] } });
  const odd = {
    ...scripted({ name: "odd", script: { [A]: [answer("a")] } }),
    open: async () => {
      throw new OptionsError("no key");
    },
  };
  const chain = new FallbackChain({
    targets: [
      { model: A, provider: odd },
      { model: B, provider: good },
    ],
    strategy: race(),
    logger: false,
  });
  const reading = drain(chain.stream(ask));
  await vi.advanceTimersByTimeAsync(100);
  expect(chain.health()[A]).toMatchObject({ inFlight: 0 });
  const [outcome] = await played(reading);
  expect(story(outcome!.record)).toEqual(["a/one first cancelled", "b/two hedge won"]);
});
