import { describe, expect, it, vi } from "vitest";
import type { ChainEvent } from "../../../src/events.js";
import { OpenRouterChatModel } from "../../../src/index.js";
import { silentLogger } from "../../../src/logger.js";
import type { CallTelemetry, Telemetry } from "../../../src/observer.js";
import { answer } from "../../../src/providers/scripted.js";
import { ask, bench, drain } from "../../support/chain.js";

const A = "a/one";
const down = [{ kind: "http" as const, status: 500, headers: {}, body: "" }];
const script = { [A]: [down, answer("Yes.")], "b/two": [answer("b")] };

/** A telemetry that keeps what it is told. */
function keeper(attempt?: CallTelemetry["attempt"]): Telemetry & { events: ChainEvent[] } {
  const events: ChainEvent[] = [];
  return {
    events,
    call: () => ({ event: (event) => void events.push(event), ...(attempt && { attempt }) }),
  };
}

const fast = { retry: { server_error: { retries: 1, minDelayMs: 0, maxDelayMs: 0 } } };
const types = (events: readonly ChainEvent[]) => events.map(({ type }) => type);

const STORY = [
  "call.started",
  "attempt.started",
  "attempt.headers",
  "attempt.failed",
  "attempt.started",
  "attempt.headers",
  "attempt.first_content",
  "attempt.usage",
  "attempt.won",
  "call.finished",
];

describe("a chain's telemetry", () => {
  it("is told every event of a call, in order, the call's own included; several are told alike", async () => {
    const [one, two] = [keeper(), keeper()];
    const { chain } = bench(script, { ...fast, telemetry: [one, two] });
    const { text } = await chain.complete(ask);
    expect(text).toBe("Yes.");
    expect(types(one.events).filter((type) => type !== "attempt.cost")).toEqual(STORY);
    expect(two.events).toEqual(one.events);
    expect(one.events[0]).toMatchObject({ start: { targets: [A, "b/two"] } });
  });

  it("runs what sends each request once, within all of them, the first outermost", async () => {
    const order: string[] = [];
    const around = (name: string) =>
      keeper((n, open) => {
        order.push(`${name}${n} in`);
        const opened = open();
        order.push(`${name}${n} out`);
        return opened;
      });
    const { chain, provider } = bench(script, { ...fast, telemetry: [around("x"), around("y")] });
    const open = provider.open.bind(provider);
    provider.open = (...args) => {
      order.push("open");
      return open(...args);
    };
    await chain.complete(ask);
    expect(order).toEqual([1, 2].flatMap((n) => [`x${n} in`, `y${n} in`, "open", `y${n} out`, `x${n} out`]));
  });

  const boom = () => {
    throw new Error("telemetry is broken");
  };
  const broken: Record<string, Telemetry> = {
    "call throws": { call: boom },
    "call returns nothing": { call: () => undefined as never },
    "event throws": { call: () => ({ event: boom }) },
    "event rejects": { call: () => ({ event: async () => boom() }) },
    "attempt throws before it opens": keeper(boom),
    "attempt throws when it has opened": keeper((_, open) => {
      open();
      return boom();
    }),
    "attempt never opens": keeper((() => "something else") as never),
    "attempt opens twice": keeper((_, open) => {
      open();
      return open();
    }),
    "attempt opens later": keeper((async (_: number, open: () => unknown) => {
      await undefined;
      await open();
      boom();
    }) as never),
  };

  it.each(Object.entries(broken))("changes nothing when %s", async (_, telemetry) => {
    const error = vi.fn();
    const beside = keeper();
    const { chain, provider } = bench(script, {
      ...fast,
      telemetry: [telemetry, beside],
      logger: { ...silentLogger, error },
    });
    for (let i = 0; i < 3; i++) {
      expect(await chain.complete(ask)).toMatchObject({ text: "Yes.", record: { outcome: "ok" } });
    }
    expect(provider.opened).toBe(4);
    expect(types(beside.events).filter((type) => type === "call.finished")).toHaveLength(3);
    const quiet = /returns nothing|never opens|opens twice/.test(_);
    expect(error.mock.calls).toEqual(
      quiet ? [] : [[{ error: "Error: telemetry is broken" }, "telemetry failed; told once"]],
    );
    await chain.close();
  });

  it("is logged without the secrets that its error quotes, on one line", async () => {
    const error = vi.fn();
    const telemetry: Telemetry = {
      call() {
        throw new Error("cannot reach\nhttps://user:pass@collector with hush-hush");
      },
    };
    const { provider } = bench(script);
    const redacting = { ...provider, redact: (text: string) => text.replaceAll("hush-hush", "***") };
    const { chain } = bench(script, { provider: redacting, telemetry, logger: { ...silentLogger, error } });
    await drain(chain.stream(ask));
    expect(error.mock.calls[0]).toEqual([
      { error: "Error: cannot reach https://[redacted]@collector with ***" },
      "telemetry failed; told once",
    ]);
  });

  it("may close the chain by a call's start: the call is waited for, and its record comes before the sinks close", async () => {
    const order: string[] = [];
    const closing: Telemetry = {
      call: () => ({
        event({ type }) {
          if (type === "call.started") void chain.close();
        },
      }),
    };
    const audit = { write: () => void order.push("record"), close: async () => void order.push("closed") };
    const { chain } = bench({ [A]: [answer("Yes.")] }, { telemetry: closing, audit });
    expect(await chain.complete(ask)).toMatchObject({ text: "Yes." });
    await chain.close();
    expect(order).toEqual(["record", "closed"]);
  });

  it("is not blamed for what the provider throws, and does not hide it", async () => {
    const error = vi.fn();
    const wraps: CallTelemetry["attempt"][] = [
      (_, open) => open(),
      (async (_: number, open: () => unknown) => open()) as never,
    ];
    for (const wrap of wraps) {
      const { chain, provider } = bench(script, {
        telemetry: keeper(wrap),
        targets: [A],
        logger: { ...silentLogger, error },
        retry: { network: { retries: 0 } },
      });
      provider.open = () => {
        throw Object.assign(new Error("no way"), { code: "ECONNREFUSED" });
      };
      const { record } = await drain(chain.stream(ask));
      expect(record.attempts).toMatchObject([{ failure: { class: "network", code: "ECONNREFUSED" } }]);
      await new Promise(setImmediate);
    }
    expect(error.mock.calls.map(([, message]) => message)).not.toContain("telemetry failed; told once");
  });

  it("may end the call by an event, and still hears all in order, as does the log", async () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const note = (name: string) => ({
      call: () => ({
        event: ({ type }: ChainEvent) => {
          heard.push(`${name} ${type}`);
          if (name === "first" && type === "attempt.started") controller.abort();
        },
      }),
    });
    const { chain } = bench(script, { telemetry: [note("first"), note("second")] });
    const { record } = await drain(chain.stream(ask, { signal: controller.signal }));
    expect(record).toMatchObject({ outcome: "aborted", attempts: [{ outcome: "cancelled" }] });
    expect(heard).toEqual(
      ["call.started", "attempt.started", "call.finished"].flatMap((type) => [
        `first ${type}`,
        `second ${type}`,
      ]),
    );
  });

  it("must be one", () => {
    const build = (telemetry: unknown) => () => bench(script, { telemetry: telemetry as never });
    expect(build({})).toThrow(
      "telemetry must be a telemetry, such as openTelemetry(), or a list of them, got an object",
    );
    expect(build([keeper(), 5])).toThrow(
      "telemetry[1] must be a telemetry (an object with call(start)), such as openTelemetry(), got 5",
    );
  });

  it("is an option of OpenRouterChatModel, too", () => {
    const build = (telemetry: Telemetry) => () => new OpenRouterChatModel({ apiKey: "k", telemetry });
    expect(build(keeper())).not.toThrow();
    expect(build({} as never)).toThrow("telemetry must be a telemetry");
  });
});
