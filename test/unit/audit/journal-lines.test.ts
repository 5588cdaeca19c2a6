import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  FallbackChain,
  type JournalContent,
  type JournalOptions,
  journalAudit,
  scripted,
} from "../../../src/chain.js";
import type { RequestEnd, RequestStart } from "../../../src/journal/entry.js";
import { answer } from "../../../src/providers/scripted.js";
import { ask, bench } from "../../support/chain.js";
import { faultyDisk } from "../../support/faulty-disk.js";
import { calls } from "../../support/journal-calls.js";
import { filesIn, readChain } from "../../support/journal-chain.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "journal-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const [{ start, record }] = calls(1);

/** The start and the end of one call, as they are in the journal. */
async function journaled(
  options: Partial<JournalOptions>,
  work: (sink: ReturnType<typeof journalAudit>) => unknown,
) {
  const sink = journalAudit({ dir, ...options });
  await work(sink);
  await sink.close?.();
  const { entries } = await readChain(dir);
  return {
    starts: entries.filter(({ event }) => event === "request.start") as RequestStart[],
    ends: entries.filter(({ event }) => event === "request.end") as RequestEnd[],
  };
}

describe("a line of the journal", () => {
  it("holds whatever a label or an id says, as it is, on one line, without what steers a terminal", async () => {
    // What breaks lines, steers terminals or turns text about, between what does not.
    const nasty = fc.constantFrom(
      "\n",
      "\r",
      "\u2028",
      "\u2029",
      "\u0085",
      "\u001b[2J",
      "\u009b",
      "\u202e",
      "\u2066",
      "\u200b",
      "\ufeff",
      "\u007f",
      "\0",
      '"',
      "\\",
      "\ud800",
      "🦊",
      "\u{e0041}",
      "\ud800\udc00",
    );
    const text = fc
      .array(fc.oneof(nasty, fc.string({ unit: "binary" })), { maxLength: 12 })
      .map((parts) => parts.join(""));
    const sink = journalAudit({ dir });
    const told: unknown[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(text, text, { maxKeys: 4 }),
        text,
        text,
        async (labels, userId, message) => {
          const call = { ...start, labels, caller: { userId, sessionId: message } };
          await sink.start?.(call);
          told.push(JSON.parse(JSON.stringify(call)));
        },
      ),
      { numRuns: 300 },
    );
    await sink.close?.();
    const { entries } = await readChain(dir);
    expect(
      entries.filter(({ event }) => event === "request.start").map((each) => (each as RequestStart).start),
    ).toEqual(told);
    const [path] = await filesIn(dir, ".jsonl");
    const lines = (await readFile(path!, "utf8")).trimEnd();
    expect(lines.split(/\r\n|[\n\r\u2028\u2029\u0085\v\f]/)).toHaveLength(entries.length);
    expect(
      /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\ufeff\u{e0041}]/u.exec(lines)?.index,
    ).toBeUndefined();
  });

  it("has its strings cut, and its names, when it is long, but no content", async () => {
    const long = `${"x".repeat(1_022)}🦊${"y".repeat(1 << 20)}`;
    const { starts, ends } = await journaled({ content: { redact: (content) => content } }, async (sink) => {
      await sink.start?.(
        { ...start, labels: { a: long, [long]: "b" } },
        { request: { messages: [{ role: "user", content: long }] }, text: "" },
      );
      sink.write({
        ...record,
        labels: { service: "billing" },
        attempts: record.attempts.map((each) => ({ ...each, servedModel: long })),
      });
    });
    const cut = `${"x".repeat(1_022)}…`;
    expect(starts[0]?.start.labels).toEqual({ a: cut, [cut]: "b" });
    expect(JSON.stringify(starts[0]?.content)).toContain(long);
    expect(ends[0]?.record.attempts[0]?.servedModel).toBe(cut);
    expect({ ...ends[0]?.record, attempts: [] }).toEqual({
      ...record,
      labels: { service: "billing" },
      attempts: [],
    });
  });

  it("holds an HMAC in place of the digest when there is a key", async () => {
    const digestKey = "a key of some length";
    const { starts, ends } = await journaled({ digestKey }, async (sink) => {
      await sink.start?.(start);
      sink.write(record);
    });
    const hmac = `hmac-sha256:${createHmac("sha256", digestKey).update(start.requestDigest).digest("hex")}`;
    expect(starts[0]?.start.requestDigest).toBe(hmac);
    expect(ends[0]?.record.requestDigest).toBe(hmac);
  });
});

describe("content", () => {
  const request = { messages: [{ role: "user" as const, content: "the secret question" }] };
  const text = "the secret answer";
  const written = async (
    redact: (content: JournalContent) => unknown,
    options: Partial<JournalOptions> = {},
  ) => {
    const { starts, ends } = await journaled({ content: { redact }, ...options }, async (sink) => {
      await sink.start?.(start, { request, text: "" });
      sink.write(record, { request, text });
    });
    return [starts[0]!, ends[0]!];
  };

  it("is in no line unless asked for", async () => {
    await journaled({}, async (sink) => {
      await sink.start?.(start, { request, text: "" });
      sink.write(record, { request, text });
    });
    const [path] = await filesIn(dir, ".jsonl");
    expect(await readFile(path!, "utf8")).not.toContain("secret");
  });

  it("is not so much as looked at then, since that copies the request", async () => {
    const looked: PropertyKey[] = [];
    const content = new Proxy({ request, text }, { get: (_, key) => void looked.push(key) });
    await journaled({}, async (sink) => {
      await sink.start?.(start, content);
      sink.write(record, content);
    });
    expect(looked).toEqual([]);
  });

  it("is what redact returns, of the request and of the text", async () => {
    const given: JournalContent[] = [];
    const lines = await written((content) => {
      given.push(content);
      return { kept: content.at };
    });
    expect(lines).toMatchObject([{ content: { kept: "start" } }, { content: { kept: "end" } }]);
    const { callId } = start;
    expect(given).toEqual([
      { callId, at: "start", request },
      { callId, at: "end", text },
    ]);
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[string, (content: JournalContent) => unknown, string | undefined]>([
    [
      "throws",
      () => {
        throw new RangeError("with the secret in it");
      },
      "RangeError",
    ],
    [
      "throws something else",
      () => {
        throw "secret";
      },
      "thrown",
    ],
    ["returns a BigInt", () => 1n, "TypeError"],
    ["returns what goes round in circles", () => circular, "TypeError"],
    [
      "returns a promise",
      async () => {
        throw new Error("secret");
      },
      "a promise: redact must return at once",
    ],
    ["returns too much", () => "x".repeat(5 << 20), "too long: 5242882 characters"],
    ["returns what must be escaped", () => "\u200b".repeat(1 << 20), "too long: 1048578 characters"],
    ["returns undefined", () => undefined, undefined],
    ["returns a function", () => () => {}, undefined],
    [
      "returns what can be read once",
      () => {
        let reads = 0;
        return {
          toJSON: () => {
            if (reads++ > 0) throw new Error("again");
            return 1;
          },
        };
      },
      undefined,
    ],
  ])("of a redact that %s costs no line", async (what, redact, contentError) => {
    for (const line of await written(redact)) {
      expect(line.contentError).toBe(contentError);
      if (what !== "returns what can be read once") expect(line.content).toBeUndefined();
      expect(JSON.stringify(line)).not.toContain("secret");
    }
  });
});

describe("a chain with a journal", () => {
  it("hears of a trouble once, and answers", async () => {
    const error = vi.fn();
    const logger = { error, warn() {}, info() {}, debug() {} } as never;
    const sign = () => {
      throw new Error("sealed");
    };
    const { chain } = bench(
      { "a/one": [answer("Hi.")] },
      { audit: journalAudit({ dir, checkpoint: { everyRecords: 1, sign } }), logger },
    );
    for (let i = 0; i < 5; i++) expect(await chain.complete(ask)).toMatchObject({ text: "Hi." });
    await chain.close();
    expect(chain.sinkErrors).toBe(1);
    expect(error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ error: "Error: a checkpoint could not be signed: Error: sealed" }),
      "audit sink failed",
    );
  });

  it("is refused calls also by a journal that waits almost as long as the chain does", async () => {
    let release = () => {};
    const hang = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const journal = journalAudit(
      { dir, durability: "fsync", onFull: "reject", maxWaitMs: 240 },
      { disk: faultyDisk({ datasync: () => hang }) },
    );
    const { chain, provider } = bench({ "a/one": [answer("Hi.")] }, { audit: journal });
    await expect(chain.complete(ask)).rejects.toMatchObject({ code: "stopped", status: 503 });
    expect(provider.opened).toBe(0);
    release();
    await chain.close();
  });

  it("has the start in the journal before its first request leaves", async () => {
    const provider = scripted({ script: { "a/one": [answer("Hi.")] } });
    let before = "";
    const open: typeof provider.open = async (request, context) => {
      const [path] = await filesIn(dir, ".jsonl");
      before = await readFile(path!, "utf8");
      return provider.open(request, context);
    };
    const chain = new FallbackChain({
      targets: ["a/one"],
      provider: { ...provider, open },
      audit: journalAudit({ dir }),
      logger: false,
    });
    const { record } = await chain.complete(ask);
    await chain.close();
    expect(before).toContain(`"event":"request.start","callId":"${record.callId}"`);
    const { entries } = await readChain(dir);
    expect(entries.map(({ event }) => event)).toEqual([
      "segment.open",
      "request.start",
      "attempt",
      "request.end",
      "segment.close",
    ]);
    expect((entries[3] as RequestEnd).record).toEqual(record);
  });
});
