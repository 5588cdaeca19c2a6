import type { Machine } from "../machine.js";
import { THREAD_TIME_SOURCE } from "../thread-time.js";
import type { CallCost } from "./call-cost.js";
import type { ReadingTimes } from "./reading-times.js";
import type { Acks } from "./writer-rate.js";

export interface AuditNumbers {
  about: Machine;
  levels: { level: string; perSecond: number; cost: CallCost }[];
  acks: Acks;
  reading: ReadingTimes & { calls: number; lines: number };
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
const one = (value: number) => value.toFixed(1);

/** docs/audit-numbers.md */
export function auditPage(numbers: AuditNumbers): string {
  const { about, levels, acks, reading } = numbers;
  const [{ cost }] = levels as [AuditNumbers["levels"][0]];
  const perMillion = (seconds: number) => one((seconds / reading.lines) * 1_000_000);
  return `# What the journal costs

Written by \`npm run bench:audit\` on ${about.date}: ${about.text}, files on ${about.fileSystem}; load average ${one(about.load)} before it began.
A record is a line as calls make them (start, attempt, end), with its hash; a call has ${cost.attempts.toFixed(2)} attempts and ${whole(cost.bytes)} bytes of journal.

| durability | records per second | event-loop time per call |
|---|---|---|
${levels.map(({ level, perSecond, cost }) => `| \`${level}\` | ${whole(perSecond)} | ${one(cost.us)} µs |`).join("\n")}

- **Records per second.** 1 000 producers, each with one line under way: appended, chained, written and, at \`fsync\`, synced.
- **Event-loop time per call.** ${THREAD_TIME_SOURCE}.
  Start, attempts and end of 20 000 calls, 100 at once, through the chain's dispatch into the journal, with all that the writer does for them until the
  queue is empty, less the same without a sink; median of 5 rounds.
- **\`fsync\`, at 2 000 records per second**: a line is on the disk after ${one(acks.p50)} ms (p50), ${one(acks.p99)} ms (p99).

| reading ${whole(reading.calls)} calls, ${whole(reading.lines)} lines | in all | per million lines |
|---|---|---|
| \`audit verify\` | ${one(reading.verifySeconds)} s | ${perMillion(reading.verifySeconds)} s |
| \`audit report\` | ${one(reading.reportSeconds)} s | ${perMillion(reading.reportSeconds)} s |

Most memory that the benchmark had: ${whole(reading.peakMiB)} MiB.

\`\`\`json
${JSON.stringify(numbers, (_, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value), 2)}
\`\`\`
`;
}
