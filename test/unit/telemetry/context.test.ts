import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ChatRequest,
  FallbackChain,
  type FallbackChainOptions,
  hedged,
  openAICompatible,
  type Provider,
  type Script,
  scripted,
} from "../../../src/chain.js";
import type { Logger } from "../../../src/logger.js";
import { answer } from "../../../src/providers/scripted.js";
import { DIAGNOSTICS_CHANNELS } from "../../../src/telemetry/diagnostics.js";
import { drain } from "../../support/chain.js";
import { steppedClock } from "../../support/stepped-clock.js";

const A = "a/one";
const B = "b/two";
const down: Script = [{ kind: "http", status: 500, headers: {}, body: "" }];
const hang: Script = [Number.POSITIVE_INFINITY];

/** Whose context it is: the caller's, by name. */
const store = new AsyncLocalStorage<string>();
const elsewhere = <T>(action: () => T) => store.run("elsewhere", action);
const turn = () => elsewhere(() => new Promise(setImmediate));
const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await turn();
};

/** Where a call was seen: `open`, `sink.write` and so on, and whether it was in that call's own context. */
let seen: Map<string, Set<string>>;
const names = new Map<string, string>();
const note = (where: string, call: string) => {
  const inside = store.getStore();
  const verdict = inside === call ? "its own" : `${call}'s in ${inside}'s`;
  seen.set(where, (seen.get(where) ?? new Set()).add(verdict));
};

const onMessage = (message: unknown) => {
  const { callId, labels } = message as { callId: string; labels?: { call: string } };
  if (labels) names.set(callId, labels.call);
  note("diagnostics", names.get(callId)!);
};

beforeEach(() => {
  seen = new Map();
  for (const name of DIAGNOSTICS_CHANNELS) subscribe(name, onMessage);
});
afterEach(() => {
  for (const name of DIAGNOSTICS_CHANNELS) unsubscribe(name, onMessage);
});

const requestOf = (call: string): ChatRequest => ({ messages: [{ role: "user", content: call }] });

/** A provider that notes in whose context it is asked to open. */
function noting(provider: Provider): Provider {
  return {
    ...provider,
    open(request, context) {
      note("open", String(request.messages[0]?.content));
      return provider.open(request, context);
    },
  };
}

const line = ({ labels }: { labels?: { call: string } }) => note("logger", labels!.call);
const logger = { debug: line, info: line, warn: line, error: line } as unknown as Logger;

/** A chain all of whose listeners note in whose context they are told. */
function chainOf(script: Record<string, Script[]>, options: Partial<FallbackChainOptions> = {}) {
  return new FallbackChain({
    targets: Object.keys(script),
    provider: noting(scripted({ script })),
    logger,
    retry: { server_error: { retries: 0 } },
    audit: {
      start: ({ labels }) => note("sink.start", labels.call!),
      attempt: ({ callId }) => note("sink.attempt", names.get(callId)!),
      write: ({ labels }) => note("sink.write", labels.call!),
    },
    telemetry: {
      call: ({ labels }) => ({
        event: () => note("telemetry", labels.call!),
        attempt: (_, open) => {
          note("telemetry.attempt", labels.call!);
          return open();
        },
      }),
    },
    ...options,
  });
}

/** Starts a call in a context of its own name, and reads it there. */
function call(chain: FallbackChain, name: string, options: { signal?: AbortSignal } = {}) {
  return store.run(name, () =>
    drain(chain.stream(requestOf(name), { labels: { call: name }, ...options })).then((outcome) => {
      note("the reader", name);
      return outcome;
    }),
  );
}

const EVERYWHERE = [
  "diagnostics",
  "logger",
  "open",
  "sink.attempt",
  "sink.start",
  "sink.write",
  "telemetry",
  "telemetry.attempt",
];

/** Seen in all of these places, and nowhere in a foreign context. */
function expectOwn(places: string[] = [...EVERYWHERE, "the reader"]): void {
  expect(Object.fromEntries([...seen].map(([where, verdicts]) => [where, [...verdicts]]))).toEqual(
    Object.fromEntries(places.map((where) => [where, ["its own"]])),
  );
}

describe("the caller's context is kept", () => {
  it("through retries, failovers and recoveries of interleaved calls that wait for one slot", async () => {
    const clock = steppedClock();
    const cut: Script = ["Half", { kind: "eof", afterContent: true }];
    const chain = chainOf(
      { [A]: [down, down, cut, answer("a"), down, cut, answer("a")], [B]: [down, answer("b")] },
      { clock, maxConcurrent: 1, retry: { server_error: { retries: 1, minDelayMs: 100 } }, breaker: false },
    );
    const calls = ["one", "two", "three", "four"].map((name) => call(chain, name));
    for (let i = 0; i < 40; i++) {
      await turns(5);
      elsewhere(() => clock.advance(50));
    }
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ record }) => record.outcome)).toEqual(["ok", "ok", "ok", "ok"]);
    const whys = new Set(outcomes.flatMap(({ record }) => record.attempts.map(({ why }) => why)));
    expect([...whys].sort()).toEqual(["failover", "first", "recovery", "retry"]);
    expectOwn();
  });

  it("in a hedge whose timer fires in another", async () => {
    const clock = steppedClock();
    const chain = chainOf({ [A]: [hang], [B]: [answer("b")] }, { clock, strategy: hedged({ afterMs: 100 }) });
    const done = call(chain, "one");
    await turns();
    elsewhere(() => clock.advance(100));
    expect((await done).record.attempts.map(({ why }) => why)).toEqual(["first", "hedge"]);
    expectOwn();
  });

  it("in a probe that is waited for", async () => {
    const clock = steppedClock();
    const slow: Script = [50, "a", { type: "finish", reason: "stop" }];
    const chain = chainOf({ [A]: [down, slow] }, { clock, breaker: { consecutive: 1 } });
    await call(chain, "zero");
    const calls = ["one", "two", "three"].map((name) => call(chain, name));
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      elsewhere(() => clock.advance(50));
    }
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ record }) => record.outcome)).toEqual(["ok", "ok", "ok"]);
    expectOwn();
  });

  it("when another aborts, cancels or closes", async () => {
    const provider = scripted({ script: { [A]: [hang] } });
    const open: Provider["open"] = (request, context) => {
      const name = String(request.messages[0]?.content);
      context.signal.addEventListener("abort", () => note("the attempt's signal", name));
      return provider.open(request, context);
    };
    const chain = chainOf({ [A]: [hang] }, { provider: noting({ ...provider, open }) });
    const controller = new AbortController();
    const aborted = call(chain, "one", { signal: controller.signal });
    const stream = store.run("two", () => chain.stream(requestOf("two"), { labels: { call: "two" } }));
    const closed = call(chain, "three");
    await turns();
    elsewhere(() => {
      controller.abort();
      stream.cancel();
    });
    await elsewhere(() => chain.close({ timeoutMs: 1 }));
    const records = [(await aborted).record, await stream.record, (await closed).record];
    expect(records.map(({ outcome }) => outcome)).toEqual(["aborted", "aborted", "aborted"]);
    expectOwn([...EVERYWHERE, "the attempt's signal", "the reader"]);
  });

  it("when another reads the stream, through a recovery", async () => {
    const chain = chainOf({ [A]: [["Half", { kind: "eof", afterContent: true }]], [B]: [answer("Whole.")] });
    const stream = store.run("one", () => chain.stream(requestOf("one"), { labels: { call: "one" } }));
    const { record, text } = await elsewhere(() => drain(stream));
    expect(text).toBe("Whole.");
    expect(record.recovery).toBeDefined();
    expectOwn(EVERYWHERE);
  });

  it("when a provider tells of its headers in another", async () => {
    const provider = scripted({ script: { [A]: [answer("a")] } });
    const chain = chainOf(
      { [A]: [answer("a")] },
      {
        provider: noting({
          ...provider,
          open: (request, { onHeaders, ...context }) =>
            provider.open(request, { ...context, onHeaders: (head) => elsewhere(() => onHeaders(head)) }),
        }),
      },
    );
    await call(chain, "one");
    expectOwn();
  });

  it("in a fetch of the user's, one context per call", async () => {
    const chain = chainOf(
      { [A]: [answer("a")] },
      {
        provider: openAICompatible({
          name: "own",
          baseURL: "http://127.0.0.1:9/v1",
          fetch: async (_, init) => {
            const body = JSON.parse(String(init?.body));
            note("fetch", body.messages[0].content);
            await turn();
            return new Response(
              JSON.stringify({ choices: [{ message: { content: "Hi." }, finish_reason: "stop" }] }),
              { headers: { "content-type": "application/json" } },
            );
          },
        }),
      },
    );
    const outcomes = await Promise.all(["one", "two", "three"].map((name) => call(chain, name)));
    expect(outcomes.map(({ text }) => text)).toEqual(["Hi.", "Hi.", "Hi."]);
    expectOwn([...EVERYWHERE.filter((where) => where !== "open"), "fetch", "the reader"]);
  });
});

it("is not that of what serves all calls: the list of models, and the watch over the event loop", async () => {
  const provider = scripted({ script: { [A]: [answer("a")], [B]: [hang] } });
  const contexts = new Set<string | undefined>();
  const load = async () => {
    contexts.add(store.getStore());
    return { status: 500, headers: {}, body: "" };
  };
  const clock = steppedClock();
  const chain = store.run("builder", () =>
    chainOf(
      { [B]: [hang] },
      {
        provider: { ...provider, catalogue: { url: "http://127.0.0.1:9/models", load } },
        catalogue: {},
        logger: false,
        clock: {
          ...clock,
          now: () => clock.now(),
          wall: () => clock.wall(),
          setTimeout(callback, ms) {
            if (ms === 500) contexts.add(`watch of ${store.getStore()}`);
            return clock.setTimeout(callback, ms);
          },
          clearTimeout: (timer) => clock.clearTimeout(timer),
        },
      },
    ),
  );
  const controller = new AbortController();
  const calling = call(chain, "one", { signal: controller.signal });
  await turns();
  elsewhere(() => clock.advance(500));
  elsewhere(() => clock.advance(500));
  controller.abort();
  await calling;
  expect(contexts).toEqual(new Set(["builder", "watch of one", "watch of builder"]));
});
