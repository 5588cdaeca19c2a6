import { setTimeout as sleep } from "node:timers/promises";
import { askOf } from "./load.js";
import type { Reading } from "./samples.js";
import { medianOf } from "./statistics.js";
import { PATH } from "./wire.js";
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
  /** Between the two looks at what is held. */
  seconds: number;
}

const LOOKS = 11;
const LOOK_MS = 200;

/**
 * Bytes that a full collection leaves, on the heap and outside of it: a median of a few looks, since streams are now fuller, now emptier.
 * The resident size would tell where V8 stands between two collections, which are seconds apart.
 */
async function held(): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    globalThis.gc?.();
    // What is outside of the heap is freed in the background, and waited for by the next one.
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    looks.push(heapUsed + external);
    await sleep(LOOK_MS);
  }
  return medianOf(looks);
}

async function work(order: SlowOrder, at: Workplace): Promise<Reading> {
  const { module, port, models, streams, events, everyMs, settleSeconds, seconds } = order;
  const baseURL = `http://127.0.0.1:${port}${PATH}`;
  const contestant = await at.fresh(module, { baseURL, models });
  const { prompt, expected } = askOf({ plan: { events, everyMs: 0, fault: "none" } });
  let over = false;
  const reader = async () => {
    while (!over) {
      const text = await contestant.call(
        prompt,
        () => {},
        () => sleep(everyMs),
      );
      answering(text, expected);
    }
  };
  const failed = Promise.all(Array.from({ length: streams }, reader));
  const watched = (async () => {
    await sleep(settleSeconds * 1_000);
    const firstHeld = await held();
    await sleep(seconds * 1_000);
    const rss = process.memoryUsage.rss();
    const lastHeld = await held();
    over = true;
    return { firstHeld, lastHeld, growth: lastHeld / firstHeld, rss };
  })();
  const found = await Promise.race([watched, failed]);
  if (Array.isArray(found)) throw new Error("the readers ended before they were told to");
  return { "slow-consumer": found };
}

await workplace(work);
