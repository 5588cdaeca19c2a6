import { setTimeout as sleep } from "node:timers/promises";
import type { Reading } from "./samples.js";
import { pathOf, textOf } from "./wire.js";
import { answering, type Workplace, workplace } from "./workplace.js";

/** Readers that take one delta each few milliseconds, from a server that is always ahead. */
export interface SlowOrder {
  module: string;
  port: number;
  models: string[];
  streams: number;
  events: number;
  everyMs: number;
  /** Before anything is noted: a heap finds its size. */
  settleSeconds: number;
  seconds: number;
}

async function work(order: SlowOrder, at: Workplace): Promise<Reading> {
  const { module, port, models, streams, events, everyMs, settleSeconds, seconds } = order;
  const baseURL = `http://127.0.0.1:${port}${pathOf({ events, everyMs: 0, fault: "none" })}`;
  const contestant = await at.fresh(module, { baseURL, models });
  const expected = textOf(events);
  let over = false;
  const reader = async () => {
    while (!over) {
      const text = await contestant.call(
        "Say something.",
        () => {},
        () => sleep(everyMs),
      );
      answering(text, expected);
    }
  };
  const failed = Promise.all(Array.from({ length: streams }, reader));
  const before = process.memoryUsage.rss();
  const rss: number[] = [];
  const watched = (async () => {
    await sleep(settleSeconds * 1_000);
    for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(100))
      rss.push(process.memoryUsage.rss());
    over = true;
  })();
  await Promise.race([watched, failed]);
  const half = Math.floor(rss.length / 2);
  // The least of each: what is there besides comes and goes with V8's full collections, some ten seconds apart.
  const first = Math.min(...rss.slice(0, half));
  const last = Math.min(...rss.slice(-half));
  globalThis.gc?.();
  const heapHeld = process.memoryUsage().heapUsed;
  const found = { firstRss: first, lastRss: last, growth: last / first, above: last - before, heapHeld };
  return { "slow-consumer": found };
}

await workplace(work);
