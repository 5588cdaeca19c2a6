import { expect, test } from "vitest";
import { LongText } from "../../src/long-text.js";
import type { Reply } from "../../src/providers/exchange.js";
import { Receiver } from "../../src/providers/receiver.js";
import { SseDecoder } from "../../src/providers/sse.js";
import { Roster } from "../../src/roster.js";
import { ageYoung, leftToFullCollections } from "../support/young-collections.js";

const STREAMS = 100;
const READ = 64 * 1024;
const KEPT = STREAMS * READ;

const streams = <T>(make: () => T) => Array.from({ length: STREAMS }, make);

// Each of them has become old while it waited, as streams do that wait for a model. See docs/decisions/young-and-old.md.

test("a decoder that has waited keeps nothing of a read that was taken from it", () => {
  const event = `data: ${JSON.stringify({ text: "x".repeat(200) })}\n\n`;
  const read = Buffer.from(event.repeat(READ / event.length));
  const decoders = streams(() => new SseDecoder());
  let events = 0;
  const feed = () => {
    for (const decoder of decoders) events += decoder.feed(read).length;
  };
  feed();
  expect(leftToFullCollections(feed)).toBeLessThan(KEPT / 4);
  expect(events).toBeGreaterThan(2 * STREAMS);
});

test("a receiver that has waited keeps nothing of a read that was taken from it", () => {
  const receivers = streams(() => {
    const head = { resolve: (_: Reply) => {}, reject: (_: unknown) => {} };
    const receiver = new Receiver(undefined, head);
    receiver.onHeaders(200, [], () => {});
    return receiver;
  });
  // Views of it are what undici gives, one for each chunk of HTTP: small ones, and many.
  const read = Buffer.alloc(READ);
  let bytes = 0;
  const receive = () => {
    for (const receiver of receivers) {
      for (let at = 0; at < READ; at += 128) receiver.onData(read.subarray(at, at + 128));
      bytes += receiver.arrived()?.length ?? 0;
    }
  };
  receive();
  expect(leftToFullCollections(receive)).toBeLessThan(KEPT / 4);
  expect(bytes).toBe(2 * KEPT);
});

test("a text that has waited keeps none of the pieces it was joined from", () => {
  const texts = streams(() => new LongText());
  let pieces = 0;
  const grow = () => {
    for (const text of texts) {
      for (let left = 128; left > 0; left--) text.add(`${pieces++}`.padEnd(READ / 128));
    }
  };
  grow();
  expect(leftToFullCollections(grow)).toBeLessThan(KEPT / 4);
  expect(texts[0]?.toString()).toHaveLength(2 * READ);
});

test("who has left a roster keeps nobody that came later", () => {
  const SIZE = 8 * 1_024;
  const MEMBERS = 2_000;
  const roster = new Roster<string[]>();
  const turnover = (times: number) => {
    const leaving: (() => void)[] = [];
    for (let time = 0; time < times; time++) {
      leaving.push(roster.join(Array.from({ length: SIZE / 8 }, () => "")));
      if (leaving.length > 8) leaving.shift()?.();
      // One in eight is there meanwhile, and grows old itself.
      if (time % 64 === 0) ageYoung();
    }
    for (const leave of leaving) leave();
  };
  turnover(64);
  // The least of three: now and then V8 makes what the test makes in the old generation straight away.
  const left = [1, 2, 3].map(() => leftToFullCollections(() => turnover(MEMBERS)));
  expect(Math.min(...left)).toBeLessThan((MEMBERS * SIZE) / 4);
  expect(roster.size).toBe(0);
});

test("a roster tells who is there, in order, whoever leaves meanwhile", () => {
  const roster = new Roster<string>();
  const [a, b, c] = ["a", "b", "c"].map((name) => roster.join(name)) as [() => void, () => void, () => void];
  expect([...roster]).toEqual(["a", "b", "c"]);
  b();
  b();
  expect([...roster]).toEqual(["a", "c"]);
  const seen: string[] = [];
  for (const name of roster) {
    seen.push(name);
    c();
  }
  expect(seen).toEqual(["a", "c"]);
  roster.join("d");
  a();
  expect([...roster]).toEqual(["d"]);
  expect(roster.size).toBe(1);
});
