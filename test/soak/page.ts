import { FAULTY_SHARE } from "./faults.js";
import { growth, WARM_UP_SHARE } from "./memory.js";
import type { Part } from "./soak.js";
import type { Counts } from "./tally.js";
import { complaintsOf, MAX_GROWTH, type Result } from "./verdict.js";

const whole = (value: number) => Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
const sumOf = (counts: Counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

const ENDS = [
  "answer",
  "left",
  "aborted",
  "exhausted",
  "stopped",
  "interrupted",
  "deadline",
  "wrong",
] as const;

function endsTable(head: string, rows: Record<string, Counts>): string {
  const ends = ENDS.filter((end) => end === "wrong" || Object.values(rows).some((counts) => counts[end]));
  const sorted = Object.entries(rows).sort(([, a], [, b]) => sumOf(b) - sumOf(a));
  return [
    `| ${head} | calls | ${ends.join(" | ")} |`,
    `|---|${"---|".repeat(ends.length + 1)}`,
    ...sorted.map(
      ([name, counts]) =>
        `| ${name} | ${whole(sumOf(counts))} | ${ends.map((end) => whole(counts[end] ?? 0)).join(" | ")} |`,
    ),
  ].join("\n");
}

const inOrder = (counts: Counts) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `\`${name}\` ${whole(count)}`)
    .join(", ");

function memoryTable(parts: readonly Part[]): string {
  const row = (name: string, of: "heapUsed" | "external" | "arrayBuffers" | "rss") =>
    parts.map(({ name: part, readings }) => {
      const warm = readings.find(({ calls }) => calls >= WARM_UP_SHARE * (readings.at(-1)?.calls ?? 0));
      const [from, to] = [warm?.[of] ?? Number.NaN, readings.at(-1)?.[of] ?? Number.NaN];
      return `| ${part} | ${name} | ${mb(from)} | ${mb(to)} | ${growth(readings, of).toFixed(3)} |`;
    });
  return [
    "| part | | MB after the warm-up | MB at the end | MB per 10⁵ calls |",
    "|---|---|---|---|---|",
    ...row("heap", "heapUsed"),
    ...row("external", "external"),
    ...row("of that, array buffers", "arrayBuffers"),
    ...row("resident (RSS)", "rss"),
  ].join("\n");
}

function attemptsOf({ tally }: Part): string {
  const { attempts, recoveries, failures, skips } = tally;
  return `${whole(attempts)} attempts and ${whole(recoveries)} recoveries of a stream (of all calls but those through AIGNE, which
hands out no record). Failed attempts by class: ${inOrder(failures)}. Targets passed over: ${inOrder(skips)}.`;
}

/** docs/soak.md */
export function soakPage(result: Result): string {
  const { about, parts, leftovers, served, endMs, seed } = result;
  const [inProcess, loopback] = parts as [Part, Part];
  const complaints = complaintsOf(result);
  const calls = parts.reduce((sum, part) => sum + part.calls, 0);
  const wrong = parts.reduce((sum, part) => sum + part.tally.wrongCount, 0);
  const none = (kinds: Counts) =>
    Object.entries(kinds)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ") || "0";
  return `# What calls leave behind

What is left of calls when they are over: memory, sockets, timers, listeners. \`npm run soak\` makes the calls and writes
this page; a short form of it is among the tests.

${complaints.length === 0 ? `All of it holds: ${whole(calls)} calls, ${wrong} wrong ends, a heap that stays, nothing left.` : `**What does not hold:** ${complaints.join("; ")}.`}
Run on ${about.date}: ${about.text}; load average ${about.load.toFixed(1)} before it began; seed ${seed};
${whole(inProcess.seconds)} s in-process, ${whole(loopback.seconds)} s over loopback.

## Memory

![The heap over the calls made](soak.svg)

${memoryTable(parts)}

Read ${inProcess.readings.length} and ${loopback.readings.length} times, each time when no call was under way and after forced collections. The last column is the slope by least
squares behind the first ${WARM_UP_SHARE * 100} %, in which bounded windows, caches and pools fill up. The heap may grow by less than ${MAX_GROWTH} MB
per 10⁵ calls.

## What is left

Against what the process had before its first call, when all chains are closed and all models are shut down:

| | more than before |
|---|---|
| sockets, timers, servers, requests that keep the process alive (\`process.getActiveResourcesInfo()\`) | ${none(leftovers.resources)} |
| timers, sockets and signals in the heap, also those that keep nothing alive (\`v8.queryObjects\`) | ${none(leftovers.objects)} |
| listeners on the one \`AbortSignal\` that all calls were given | ${leftovers.abortListeners} |
| listeners on \`process\` | ${none(leftovers.processListeners)} |
| a changed global dispatcher of undici | ${leftovers.isDispatcherChanged ? "yes" : "no"} |

Node warns of more than ten listeners on one signal, be they only there while calls are under way; the soak has lifted that limit for its own.

The connections are the process's, not a chain's: ${leftovers.idleSockets} were in the pool when the last chain was closed. Idle ones close after 4 s and keep no process
alive; ${(leftovers.idleMs / 1_000).toFixed(1)} s later there was none. The process then ended by itself, within ${whole(endMs)} ms.

## How calls ended

A call ends in the whole answer of one model, compared letter by letter, or in a \`FallbackChainError\` that lists its attempts. \`left\`: the caller stopped
reading in mid-answer. \`wrong\` is all else: another text, another error, an end that its fate does not explain, or none within a minute.

### In-process

${whole(inProcess.calls)} calls, ${inProcess.atOnce} at once, three targets, and no socket: a provider, or a \`fetch\` below the \`openai\` client, that does what the call's fate says.
Journal, breakers and budgets are on, as by default; the first target has clocks of 300 ms.

${endsTable("through", inProcess.tally.ends.rig)}

${endsTable("fate", inProcess.tally.ends.fate)}

${endsTable("the caller", inProcess.tally.ends.habit)}

${attemptsOf(inProcess)}

### Loopback

${whole(loopback.calls)} calls, ${loopback.atOnce} at once, over sockets to [the simulator](simulator.md) in another process. Of the three targets the third is healthy; ${FAULTY_SHARE * 100} % of the
requests to the others meet with a fault at random. It has seen ${whole(served.requests)} requests, ${whole(served.exposed)} of them to models with faults, and
${whole(served.faulty)} (${percent(served.faulty / served.exposed)}) with one: ${served.faults} different ones.

${endsTable("through", loopback.tally.ends.rig)}

${endsTable("the caller", loopback.tally.ends.habit)}

${attemptsOf(loopback)}

- Faults that never end by themselves are met with clocks of 300 ms, those of a key or an account by chains that live for 20 calls: they would keep all
  models of the key away for half a minute each time.
- \`SOAK_CALLS\`, \`SOAK_LOOPBACK_CALLS\` and \`SOAK_SEED\` set what is run: by default ${whole(1_000_000)}, a tenth of it, and 1.
`;
}
