import { systemClock } from "../../../src/clock.js";
import type { JournalEvent } from "../../../src/journal/entry.js";
import { Journal } from "../../../src/journal/journal.js";
import type { Durability } from "../../../src/journal/writer-init.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

/** Producers that wait until their line counts before they have the next one. */
const PRODUCERS = 1_000;
const ACK_RATE = 2_000;
const ACK_EVERY_MS = 5;

function journalIn(dir: string, durability: Durability): Journal {
  return new Journal({
    dir,
    clock: systemClock,
    version: "0.0.0",
    durability,
    maxSegmentBytes: 64 << 20,
    maxSegmentAgeMs: 86_400_000,
    maxQueueBytes: 16 << 20,
    closeMs: 2_000,
    onTrouble(error) {
      throw error;
    },
  });
}

/** What calls tell, one line after the other. */
function eventsOf(calls: number): JournalEvent[] {
  return [...syntheticCalls(calls)].flatMap(({ start, record }): JournalEvent[] => {
    const { callId } = start;
    return [
      { event: "request.start", callId, start },
      ...record.attempts.map((attempt): JournalEvent => ({ event: "attempt", callId, attempt })),
      { event: "request.end", callId, outcome: record.outcome, record },
    ];
  });
}

/** Records per second until the last one counts. At `memory`, until it has left the queue. */
export async function writerRate(dir: string, durability: Durability, records: number): Promise<number> {
  const events = eventsOf(2_000);
  const journal = journalIn(dir, durability);
  const { writer } = journal;
  let next = 0;
  const produce = async () => {
    while (next < records) {
      const event = events[next++ % events.length] as JournalEvent;
      await new Promise<void>((resolve) => {
        if (!writer.append(event, resolve)) throw new Error("the queue is full");
      });
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: PRODUCERS }, produce));
  const seconds = (performance.now() - began) / 1_000;
  await journal.close();
  return next / seconds;
}

export interface Acks {
  p50: number;
  p99: number;
}

/** How long lines wait for their sync, in ms, at 2 000 of them per second. */
export async function syncAcks(dir: string, seconds: number): Promise<Acks> {
  const events = eventsOf(1_000);
  const journal = journalIn(dir, "fsync");
  await journal.writer.flush();
  const waits: number[] = [];
  const acks: Promise<void>[] = [];
  const began = performance.now();
  let told = 0;
  while (told < seconds * ACK_RATE) {
    await new Promise((resolve) => setTimeout(resolve, ACK_EVERY_MS));
    // As many as are due by now: a timer that is late must not lower the rate.
    for (const due = ((performance.now() - began) / 1_000) * ACK_RATE; told < due; told++) {
      const event = events[told % events.length] as JournalEvent;
      const at = performance.now();
      acks.push(
        new Promise((resolve) => {
          journal.writer.append(event, () => {
            waits.push(performance.now() - at);
            resolve();
          });
        }),
      );
    }
  }
  await Promise.all(acks);
  await journal.close();
  waits.sort((a, b) => a - b);
  const at = (share: number) => waits[Math.floor(waits.length * share)] as number;
  return { p50: at(0.5), p99: at(0.99) };
}
