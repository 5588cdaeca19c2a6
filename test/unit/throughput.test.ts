import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LagMeter } from "../../src/lag.js";
import type { AttemptTimeouts, ProviderPart, Throughput } from "../../src/types.js";
import { type Expiry, Watchdog } from "../../src/watchdog.js";
import { EventLoop } from "../support/event-loop.js";

const off: AttemptTimeouts = { connectMs: false, firstTokenMs: false, idleMs: false, attemptMs: false };
const word: ProviderPart = { type: "text", text: "word" };
const words = (n: number): ProviderPart[] => Array.from({ length: n }, () => word);

class Stream {
  readonly loop = new EventLoop();
  readonly lag = new LagMeter(this.loop);
  readonly dog: Watchdog;
  expiry: Expiry | undefined;
  diedAt: number | undefined;

  constructor(minTokensPerSecond: Throughput | undefined, clocks: Partial<AttemptTimeouts> = {}) {
    this.lag.begin();
    this.dog = new Watchdog(this.loop, this.lag, { ...off, ...clocks, minTokensPerSecond }, (expiry) => {
      this.expiry ??= expiry;
      this.diedAt ??= this.loop.now();
      this.dog.stop();
    });
    this.dog.headers();
  }

  /** As an attempt does with a batch, and a consumer that takes it at once. */
  read(parts: readonly ProviderPart[]): void {
    this.dog.paused();
    this.dog.content(parts);
    this.dog.reading();
  }

  /** `n` times these parts, one every so many milliseconds, the first at `from`. */
  sends(
    parts: readonly ProviderPart[],
    { from = 0, everyMs, n }: { from?: number; everyMs: number; n: number },
  ) {
    for (let i = 0; i < n; i++) this.loop.arrives(from + i * everyMs, () => this.read(parts));
    return this;
  }

  until(ms: number): this {
    this.loop.run(ms);
    return this;
  }
}

describe("the slow-drip guard", () => {
  it.each([
    { rate: 10, windowMs: 1_000 },
    { rate: 10, windowMs: 5_000 },
    { rate: 1, windowMs: 1_000 },
    { rate: 50, windowMs: 200 },
    { rate: 7.3, windowMs: 3_000 },
    { rate: 1 / 3, windowMs: 30_000 },
    { rate: 0.1, windowMs: 1_000 },
    { rate: 1_000, windowMs: 300 },
  ])("leaves a stream alone that runs at just $rate a second, in windows of $windowMs ms", (minimum) => {
    const everyMs = 1_000 / minimum.rate;
    const n = Math.ceil((20 * Math.max(minimum.windowMs, everyMs)) / everyMs);
    const stream = new Stream(minimum).sends([word], { everyMs, n }).until((n - 1) * everyMs);
    expect(stream.expiry).toBeUndefined();
  });

  it.each([
    { rate: 10, windowMs: 1_000, everyMs: 200 },
    { rate: 10, windowMs: 5_000, everyMs: 105 },
    { rate: 50, windowMs: 1_000, everyMs: 22 },
    { rate: 2, windowMs: 1_000, everyMs: 1_000 },
    { rate: 1, windowMs: 60_000, everyMs: 1_050 },
  ])(
    "ends one within two windows of $windowMs ms that brings a token every $everyMs ms, not $rate a second",
    ({ everyMs, ...minimum }) => {
      const { windowMs: ms, rate } = minimum;
      const stream = new Stream(minimum).sends([word], { everyMs, n: 10_000 / everyMs + 100 }).until(10 * ms);
      expect(stream.expiry).toEqual({ phase: "throughput", ms, rate });
      expect(stream.diedAt).toBeGreaterThanOrEqual(ms);
      expect(stream.diedAt).toBeLessThanOrEqual(2 * ms);
    },
  );

  it("ends a fast one within two windows after it has become slow", () => {
    const stream = new Stream({ rate: 10, windowMs: 1_000 });
    stream.sends(words(5), { everyMs: 20, n: 500 }).sends([word], { from: 10_000, everyMs: 200, n: 100 });
    expect(stream.until(30_000).diedAt).toBeGreaterThan(11_000);
    expect(stream.diedAt).toBeLessThanOrEqual(12_000);
  });

  it("ends one that falls silent, without an idle clock", () => {
    const stream = new Stream({ rate: 10, windowMs: 1_000 }).sends(words(100), { everyMs: 1, n: 1 });
    expect(stream.until(9_000).diedAt).toBe(1_750);
  });

  it("tells of the window that it took, where the one asked for could hold no token", () => {
    const stream = new Stream({ rate: 0.1, windowMs: 1_000 }).sends([word], { everyMs: 1, n: 1 });
    expect(stream.until(60_000).expiry).toEqual({ phase: "throughput", ms: 10_000, rate: 0.1 });
    expect(stream.diedAt).toBe(15_050);
  });

  it.each([0, 100, 200])("leaves bursts alone, one a window, up to %d ms early and late", (jitter) => {
    const stream = new Stream({ rate: 10, windowMs: 1_000 });
    for (let i = 0; i < 50; i++) {
      const at = Math.max(0, i * 1_000 + (i % 2 === 0 ? jitter : -jitter));
      stream.loop.arrives(at, () => stream.read(words(10)));
    }
    expect(stream.until(49_000).expiry).toBeUndefined();
  });

  it("begins with the first content, and ends with the finish reason", () => {
    const stream = new Stream({ rate: 10, windowMs: 1_000 }).until(60_000);
    expect(stream.loop.pending).toBe(1);
    stream.sends([word], { from: 60_000, everyMs: 1, n: 1 }).until(61_000);
    stream.dog.finished();
    expect(stream.until(62_900).expiry).toBeUndefined();
    expect(stream.until(64_000).expiry).toMatchObject({ phase: "trailer" });
  });

  it("begins anew with content behind a finish reason", () => {
    const stream = new Stream({ rate: 10, windowMs: 1_000 }).sends([word], { everyMs: 1, n: 1 }).until(900);
    stream.dog.finished();
    stream.sends([word], { from: 1_800, everyMs: 1, n: 1 });
    expect(stream.until(9_000).expiry?.phase).toBe("throughput");
    expect(stream.diedAt).toBe(1_800 + 1_750);
  });

  it("leaves the earlier clock to end the stream", () => {
    const minimum = { rate: 10, windowMs: 1_000 };
    const one = (clocks: Partial<AttemptTimeouts>) =>
      new Stream(minimum, clocks).sends([word], { everyMs: 300, n: 2 }).until(9_000).expiry?.phase;
    expect(one({ idleMs: 400 })).toBe("idle");
    expect(one({ attemptMs: 800 })).toBe("attempt");
    expect(one({ idleMs: 2_000, attemptMs: 5_000 })).toBe("throughput");
  });

  it("counts nothing, and keeps no timer, where it is not asked for", () => {
    const stream = new Stream(undefined);
    const parts = [{ type: "text" as const, text: "x" }];
    Object.defineProperty(parts[0], "text", {
      get: () => {
        throw new Error("was counted");
      },
    });
    stream.sends(parts, { everyMs: 1_000, n: 10 }).until(60_000);
    expect(stream.expiry).toBeUndefined();
    expect(stream.loop.pending).toBe(1);
  });

  it("sets no timer for a chunk", () => {
    const stream = new Stream({ rate: 10, windowMs: 1_000 }, { idleMs: 10_000 });
    stream.lag.end();
    let set = 0;
    const { setTimeout } = stream.loop;
    stream.loop.setTimeout = function (run, ms) {
      set++;
      return setTimeout.call(this, run, ms);
    };
    stream.sends([word], { everyMs: 10, n: 1_000 }).until(9_990);
    expect(stream.expiry).toBeUndefined();
    expect(set).toBeLessThan(20);
  });
});

describe("what counts as tokens", () => {
  /** Whether one batch of these parts a second is as much as the rate asks for. */
  function enough(parts: readonly ProviderPart[], rate: number): boolean {
    const stream = new Stream({ rate, windowMs: 1_000 }).sends(parts, { everyMs: 1_000, n: 20 });
    return stream.until(19_000).expiry === undefined;
  }
  const text = (value: string): ProviderPart[] => [{ type: "text", text: value }];
  const call = (value: string): ProviderPart[] => [{ type: "toolCall", index: 0, arguments: value }];

  it.each<[string, readonly ProviderPart[], number]>([
    ["four characters of English are one", text("The quick brown fox jumps over the lazy dogs."), 11],
    ["a Chinese character is one", text("今天的天气非常好"), 8],
    ["a character of kana is one", text("こんにちは"), 5],
    ["a syllable of Hangul is one", text("안녕하세요"), 5],
    ["two Cyrillic characters are one", text("Добрый день!"), 5],
    ["thoughts count", [{ type: "thoughts", text: "Let me think about that for once" }], 8],
    ["arguments of a tool call count", call('{"city":"Paris","unit":"celsius"}'), 8],
    [
      "a fragment without arguments is one",
      [{ type: "toolCall", index: 0, id: "a", name: "b", arguments: "" }],
      1,
    ],
    ["a chunk is at least one", text("a"), 1],
    ["each part of a batch is at least one", [...text("a"), ...text("b"), ...call("{")], 3],
  ])("%s", (_, parts, tokens) => {
    expect(enough(parts, tokens)).toBe(true);
    expect(enough(parts, tokens + 1)).toBe(false);
  });

  it("a file is as much as is asked for", () => {
    expect(enough([{ type: "file", mimeType: "image/png", data: "AAAA" }], 10_000)).toBe(true);
  });

  it.each<[string, ProviderPart]>([
    ["an empty text", { type: "text", text: "" }],
    ["empty thoughts", { type: "thoughts", text: "" }],
    ["usage", { type: "usage", usage: { inputTokens: 9_000, outputTokens: 9_000 } }],
    ["meta", { type: "meta", model: "a model with a long name" }],
  ])("%s counts for nothing", (_, part) => {
    expect(enough([word, part], 2)).toBe(false);
  });
});

describe("the slow-drip guard and a consumer that pauses", () => {
  const minimum = { rate: 10, windowMs: 1_000 };

  it("waits while nobody reads, and begins anew behind a long pause", () => {
    const stream = new Stream(minimum).sends([word], { everyMs: 1, n: 1 }).until(900);
    stream.dog.paused();
    expect(stream.until(60_000).expiry).toBeUndefined();
    stream.dog.reading();
    expect(stream.until(90_000).diedAt).toBe(60_000 + 1_750);
  });

  it("does not count a short pause, which may come with every chunk", () => {
    const run = (everyMs: number, n: number) => {
      const stream = new Stream(minimum);
      for (let i = 0; i < n; i++) {
        stream.until(i * everyMs);
        stream.dog.paused();
        stream.dog.content([word]);
        stream.until(i * everyMs + 200);
        stream.dog.reading();
      }
      return stream;
    };
    // 200 of 290 ms the consumer holds the stream up; 90 ms a token are fast enough, 600 are not.
    expect(run(290, 50).expiry).toBeUndefined();
    expect(run(800, 50).expiry?.phase).toBe("throughput");
  });

  it("does not blame the stream for a consumer that blocks the event loop", () => {
    const stream = new Stream(minimum);
    for (let i = 0; i < 100; i++) {
      stream.until(stream.loop.now() + 90);
      stream.dog.paused();
      stream.dog.content([word]);
      if (i % 10 === 9) stream.loop.block(2_000);
      stream.dog.reading();
    }
    expect(stream.expiry).toBeUndefined();
    const silentSince = stream.loop.now();
    expect(stream.until(90_000).diedAt).toBeLessThanOrEqual(silentSince + 2_000);
  });
});

const minima = fc.record({
  rate: fc.double({ min: 0.2, max: 200, noNaN: true }),
  windowMs: fc.integer({ min: 50, max: 10_000 }),
});
/** The tokens that a window must hold, and the window that they fill at just the rate. */
function whole({ rate, windowMs }: Throughput) {
  const needed = Math.max(1, Math.ceil((rate * windowMs) / 1_000 - 1e-6));
  return { needed, ms: Math.max(windowMs, (needed * 1_000) / rate) };
}

describe("the slow-drip guard on an event loop that is blocked", () => {
  const BLOCKS = [700, 1_000, 5_000];

  it.each(BLOCKS)("leaves a healthy stream alone whose data waited for %d ms, at any moment", (block) => {
    for (const minimum of [
      { rate: 10, windowMs: 100 },
      { rate: 10, windowMs: 1_000 },
      { rate: 4, windowMs: 5_000 },
    ]) {
      for (let at = 1; at < 2_000; at += 37) {
        const everyMs = 1_000 / minimum.rate;
        const stream = new Stream(minimum).sends([word], { everyMs, n: 40_000 / everyMs }).until(at);
        stream.loop.block(block);
        expect(stream.until(39_000).expiry, `${JSON.stringify(minimum)} at ${at}`).toBeUndefined();
      }
    }
  });

  it.each([
    { block: 700, rate: 5 },
    { block: 1_000, rate: 10 },
    { block: 5_000, rate: 10 },
  ])(
    "leaves one of 10 tokens a second alone whose upstream stood still with us for $block ms, where $rate are enough",
    ({ block, rate }) => {
      for (const windowMs of [100, 1_000, 5_000]) {
        for (let at = 1; at < 2_000; at += 37) {
          const stream = new Stream({ rate, windowMs });
          const send = () => {
            stream.read([word]);
            stream.loop.setTimeout(send, 100);
          };
          send();
          stream.until(at);
          stream.loop.block(block);
          expect(stream.until(30_000).expiry, `${windowMs} at ${at}`).toBeUndefined();
        }
      }
    },
  );

  it("leaves healthy streams alone, whatever they are, and whenever and however long the loop is blocked", () => {
    const blocks = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 6_000 })),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(
        minima,
        blocks,
        fc.nat(),
        fc.double({ min: 1, max: 4, noNaN: true }),
        (minimum, gaps, size, surplus) => {
          // Two or more a window; just at the rate, many, since windows differ by one.
          const most = whole(minimum).needed / (surplus < 1.5 ? 8 : 2);
          const chunk = 1 + (size % Math.max(1, Math.floor(most)));
          const everyMs = (chunk * 1_000) / (minimum.rate * surplus);
          const n = Math.min(4_000, Math.ceil(60_000 / everyMs));
          const stream = new Stream(minimum).sends(words(chunk), { everyMs, n });
          for (const [after, ms] of gaps) {
            if (stream.loop.now() + after > (n - 1) * everyMs) break;
            stream.until(stream.loop.now() + after);
            stream.loop.block(ms);
          }
          stream.until((n - 1) * everyMs);
          expect(stream.expiry).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  it("ends slow streams within two windows, and those in which the loop was blocked", () => {
    const slowness = fc.double({ min: 0.01, max: 0.45, noNaN: true });
    fc.assert(
      fc.property(
        minima,
        fc.nat(),
        slowness,
        fc.option(fc.integer({ min: 1, max: 6_000 })),
        (minimum, size, slow, block) => {
          const { ms, needed } = whole(minimum);
          const chunk = 1 + (size % needed);
          const everyMs = (chunk * 1_000) / (minimum.rate * slow);
          const n = Math.min(4_000, Math.ceil((6 * ms + 20_000) / everyMs));
          // A fast beginning must not be a merit.
          const stream = new Stream(minimum).sends(words(3 * needed), { everyMs: ms / 7, n: 7 });
          stream.sends(words(chunk), { from: ms, everyMs, n }).until(1.2 * ms);
          if (block) stream.loop.block(block);
          stream.until(6 * ms + 20_000);
          expect(stream.expiry?.phase).toBe("throughput");
          expect(stream.diedAt).toBeLessThanOrEqual(ms + 2 * ms + (block ? block + 500 + 2 * ms : 0) + 2);
        },
      ),
      { numRuns: 500 },
    );
  });
});
