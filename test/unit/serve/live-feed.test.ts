import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveFeed } from "../../../src/serve/live-feed.js";
import type { JournalState } from "../../../src/serve/wire.js";

/** A page that takes what is sent only while it is quick. */
class Reader extends EventEmitter {
  writableNeedDrain = false;
  readonly got: string[] = [];
  destroyed = false;
  writeHead() {}
  write(text: string) {
    this.got.push(JSON.parse(text).type);
  }
  destroy() {
    this.destroyed = true;
    this.emit("close");
  }
}

describe("the live feed", () => {
  let version = 0;
  const state = () => ({ version }) as JournalState;
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const join = (feed: LiveFeed, reader: Reader) => feed.add(reader as unknown as ServerResponse);

  it("tells of many changes once, and beats when there are none", () => {
    const feed = new LiveFeed(state, { everyMs: 100, beatMs: 1_000 });
    const reader = new Reader();
    join(feed, reader);
    version += 50;
    vi.advanceTimersByTime(100);
    expect(reader.got).toEqual(["changed", "changed"]);
    vi.advanceTimersByTime(1_100);
    expect(reader.got).toEqual(["changed", "changed", "beat"]);
    feed.close();
  });

  it("writes nothing to a page that does not take it, and lets it go in the end", () => {
    const feed = new LiveFeed(state, { everyMs: 100, stuckMs: 5_000 });
    const [slow, quick] = [new Reader(), new Reader()];
    join(feed, slow);
    join(feed, quick);
    slow.writableNeedDrain = true;
    for (let i = 0; i < 40; i++) {
      version++;
      vi.advanceTimersByTime(100);
    }
    expect([slow.got.length, quick.got.length]).toEqual([1, 41]);
    vi.advanceTimersByTime(2_000);
    expect([slow.destroyed, feed.readers]).toEqual([true, 1]);
    quick.destroy();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes so many pages and no more", () => {
    const feed = new LiveFeed(state);
    const taken = Array.from({ length: 40 }, () => join(feed, new Reader()));
    expect(taken.filter(Boolean)).toHaveLength(32);
    feed.close();
  });
});
