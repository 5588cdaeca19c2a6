import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import {
  type AuditRecord,
  type ChainStream,
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
  openRouter,
} from "../../src/chain.js";
import {
  type ModelScript,
  type SimulatedRequest,
  type Simulator,
  startSimulator,
} from "../../src/testing/index.js";
import { eventually } from "../support/eventually.js";
import { leavesNothingBehind } from "../support/resources.js";

leavesNothingBehind();

/** Milliseconds after which a provider must have seen the socket close. */
const CLOSE_MS = 300;
const PRIMARY = "primary/model";
const FALLBACK = "fallback/model";
const LONG = { tokens: Array.from({ length: 2_000 }, (_, i) => `t${i} `), pace: { tokenMs: 10 } };
const ask = { messages: [{ role: "user" as const, content: "Go on." }] };

const open: { chain: FallbackChain; simulator: Simulator }[] = [];

afterEach(async () => {
  for (const { chain, simulator } of open.splice(0)) {
    await chain.close({ timeoutMs: 0 });
    await simulator.close();
  }
});

async function setUp(primary: ModelScript, options: Partial<FallbackChainOptions> = {}) {
  const simulator = await startSimulator({
    models: { [PRIMARY]: primary, [FALLBACK]: { text: "never asked" } },
  });
  const chain = new FallbackChain({
    targets: [PRIMARY, FALLBACK],
    provider: openRouter({ apiKey: "sk-or-v1-abort", baseURL: simulator.baseURL }),
    logger: false,
    ...options,
  });
  open.push({ chain, simulator });
  return { simulator, chain };
}

/** The one request of a call, once the provider has it. */
async function requestOf(simulator: Simulator): Promise<SimulatedRequest> {
  await simulator.waitForRequests(1);
  return simulator.requests[0] as SimulatedRequest;
}

/** The provider saw the client close in time, and nothing came after that. */
async function expectClosed(simulator: Simulator, since: number, withinMs = CLOSE_MS): Promise<void> {
  const entry = await requestOf(simulator);
  expect(await eventually(() => entry.closedAt !== undefined)).toBe(true);
  expect(entry.closedBy).toBe("client");
  expect((entry.closedAt ?? 0) - since).toBeLessThanOrEqual(withinMs);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(simulator.requests).toHaveLength(1);
  expect(simulator.openRequests).toBe(0);
}

function expectAborted(record: AuditRecord, attempts: string[]): void {
  expect(record.outcome).toBe("aborted");
  expect(record.answeredBy).toBeUndefined();
  expect(record.attempts.map(({ outcome }) => outcome)).toEqual(attempts);
}

async function errorOf(promise: Promise<unknown>): Promise<FallbackChainError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!FallbackChainError.is(error)) throw new Error("expected a FallbackChainError", { cause: error });
  return error;
}

async function read(stream: ChainStream): Promise<void> {
  for await (const _ of stream);
}

/** Reads until three parts have come, and says so. */
function readThree(stream: ChainStream): { three: Promise<void>; end: Promise<void> } {
  let tell = () => {};
  const three = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const end = (async () => {
    let parts = 0;
    for await (const _ of stream) if (++parts === 3) tell();
  })();
  end.catch(() => {});
  return { three, end };
}

describe("the caller's signal", () => {
  const waits: [string, ModelScript, (request: SimulatedRequest) => boolean][] = [
    ["headers", { fault: "ttfb-stall" }, () => true],
    ["the first token", { fault: "ttft-keepalive" }, ({ headersAt }) => headersAt !== undefined],
    ["more tokens", LONG, ({ tokensSent }) => tokensSent >= 3],
  ];
  for (const streamed of [true, false]) {
    test.for(waits)(
      `closes the socket while waiting for %s, ${streamed ? "" : "not "}streamed`,
      async ([, script, ready]) => {
        const { simulator, chain } = await setUp(script);
        const controller = new AbortController();
        const { signal } = controller;
        const call = errorOf(
          streamed ? read(chain.stream(ask, { signal })) : chain.complete(ask, { signal }),
        );
        const entry = await requestOf(simulator);
        expect(await eventually(() => ready(entry))).toBe(true);
        const since = Date.now();
        controller.abort();
        const error = await call;
        expect(error.code).toBe("aborted");
        expectAborted(error.record, ["cancelled"]);
        await expectClosed(simulator, since);
        expect(getEventListeners(signal, "abort")).toHaveLength(0);
      },
    );
  }

  test("ends a backoff, after which nobody is asked", async () => {
    const slow = { retries: 5, minDelayMs: 20_000, maxDelayMs: 20_000, jitter: false as const };
    const { simulator, chain } = await setUp({ fault: "500" }, { retry: { server_error: slow } });
    const controller = new AbortController();
    const call = errorOf(read(chain.stream(ask, { signal: controller.signal })));
    await simulator.waitForRequests(1);
    await simulator.waitForIdle();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const since = Date.now();
    controller.abort();
    const error = await call;
    expect(Date.now() - since).toBeLessThanOrEqual(CLOSE_MS);
    expect(error.code).toBe("aborted");
    expectAborted(error.record, ["failed"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(simulator.requests).toHaveLength(1);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test.for([true, false])("that is aborted already costs no request (streamed: %s)", async (streamed) => {
    const { simulator, chain } = await setUp(LONG);
    const signal = AbortSignal.abort();
    const error = await errorOf(
      streamed ? read(chain.stream(ask, { signal })) : chain.complete(ask, { signal }),
    );
    expect(error.code).toBe("aborted");
    expectAborted(error.record, []);
    expect(simulator.openConnections).toBe(0);
    expect(simulator.requests).toHaveLength(0);
  });
});

describe("a consumer that leaves", () => {
  const ways: [string, (stream: ChainStream, leaving: () => void) => Promise<void>][] = [
    [
      "by break",
      async (stream, leaving) => {
        for await (const _ of stream) {
          leaving();
          break;
        }
      },
    ],
    [
      "by throwing",
      async (stream, leaving) => {
        try {
          for await (const _ of stream) {
            leaving();
            throw new Error("enough");
          }
        } catch {}
      },
    ],
    [
      "by the iterator's return()",
      async (stream, leaving) => {
        const parts = stream[Symbol.asyncIterator]();
        await parts.next();
        leaving();
        await parts.return?.();
      },
    ],
    [
      "by return() of the batches while a read is pending",
      async (stream, leaving) => {
        const batches = stream.batches();
        await batches.next();
        const pending = batches.next();
        pending.catch(() => {});
        leaving();
        await batches.return?.();
        await pending.catch(() => {});
      },
    ],
    [
      "by a reader's cancel()",
      async (stream, leaving) => {
        const reader = ReadableStream.from(stream).getReader();
        await reader.read();
        leaving();
        await reader.cancel();
      },
    ],
    [
      "by cancel() of the stream",
      async (stream, leaving) => {
        const { three, end } = readThree(stream);
        await three;
        leaving();
        stream.cancel();
        expect((await errorOf(end)).code).toBe("aborted");
      },
    ],
  ];
  test.for(ways)("%s closes the socket at once", async ([, leave]) => {
    const { simulator, chain } = await setUp(LONG);
    const stream = chain.stream(ask);
    let since = 0;
    await leave(stream, () => {
      since = Date.now();
    });
    expectAborted(await stream.record, ["cancelled"]);
    await expectClosed(simulator, since);
  });

  test("without a word is noticed after consumerMs", async () => {
    const { simulator, chain } = await setUp(LONG, { timeouts: { consumerMs: 300 } });
    const stream = chain.stream(ask);
    const batches = stream.batches();
    await batches.next();
    const since = Date.now();
    expectAborted(await stream.record, ["cancelled"]);
    expect(Date.now() - since).toBeGreaterThanOrEqual(290);
    await expectClosed(simulator, since, 300 + CLOSE_MS);
    const error = await errorOf(batches.next());
    expect(error).toMatchObject({ code: "aborted", attempts: [{ outcome: "cancelled" }] });
  });

  test("before it has read anything is noticed after consumerMs", async () => {
    const { simulator, chain } = await setUp(LONG, { timeouts: { consumerMs: 300 } });
    const stream = chain.stream(ask);
    const entry = await requestOf(simulator);
    expect(await eventually(() => entry.firstTokenAt !== undefined)).toBe(true);
    const since = Date.now();
    expectAborted(await stream.record, ["cancelled"]);
    await expectClosed(simulator, since, 300 + CLOSE_MS);
  });

  test("only for a while gets the whole answer: the idle clock stands still meanwhile", async () => {
    const tokens = Array.from({ length: 20 }, (_, i) => `t${i} `);
    const { simulator, chain } = await setUp({ tokens, pace: { tokenMs: 5 } }, { timeouts: { idleMs: 150 } });
    let text = "";
    for await (const part of chain.stream(ask)) {
      if (text === "") await new Promise((resolve) => setTimeout(resolve, 500));
      expect(part.type).not.toBe("restart");
      if (part.type === "text") text += part.text;
    }
    expect(text).toBe(tokens.join(""));
    expect(simulator.requests).toHaveLength(1);
  });
});

describe("the end of time", () => {
  test.for([true, false])("totalMs closes the socket (streamed: %s)", async (streamed) => {
    const { simulator, chain } = await setUp(LONG, { timeouts: { totalMs: 500 } });
    const since = Date.now();
    const error = await errorOf(streamed ? read(chain.stream(ask)) : chain.complete(ask));
    expect(error.code).toBe("deadline");
    expect(error.record.outcome).toBe("failed");
    await expectClosed(simulator, since, 500 + CLOSE_MS);
  });

  test("a deadline too near for any answer costs no request", async () => {
    const { simulator, chain } = await setUp(LONG, { timeouts: { totalMs: 100 } });
    const error = await errorOf(chain.complete(ask));
    expect(error.skipped.map(({ reason }) => reason)).toEqual(["deadline", "deadline"]);
    expect(error.status).toBe(503);
    expect(simulator.requests).toHaveLength(0);
  });

  test("close() ends what still runs after its timeout, and refuses new calls", async () => {
    const { simulator, chain } = await setUp(LONG);
    const { three, end } = readThree(chain.stream(ask));
    await three;
    const since = Date.now();
    await chain.close({ timeoutMs: 0 });
    expect((await errorOf(end)).code).toBe("aborted");
    await expectClosed(simulator, since);
    expect(() => chain.stream(ask)).toThrow(/closed/);
  });
});
