import type { Judged } from "./bars.js";
import { growthPlots, growthText } from "./growth.js";
import { NOTHING } from "./imports.js";
import type { Machine } from "./machine.js";
import { barChart } from "./plot/bar-chart.js";
import { labelOf } from "./roster.js";
import { Samples, type Values } from "./samples.js";
import { SECTIONS, type Section } from "./sections.js";
import { barTable, type ColumnName, contestantsOf, markdown, table } from "./tables.js";

export interface Results {
  about: Machine & { rounds: number; seconds: number };
  versions: { label: string; versions: string }[];
  values: Values;
  notes: Samples["notes"];
}

const SWITCH_COLUMNS: ColumnName[] = ["healthyMs", "switchedMs", "attemptMs", "beyondMs", "beyondFloorMs"];
const OURS = [
  "provider",
  "chain",
  "model",
  "model-per-event",
  "@aigne/open-router",
  "@aigne/open-router/chain",
];

/** Plots by file name. */
export function plots(samples: Samples): Record<string, string> {
  const bars = SECTIONS.flatMap(({ measure, plot }) => {
    if (!plot) return [];
    const rows = contestantsOf(samples, measure).flatMap((name) => {
      const spread = samples.spread(measure, name, plot.metric);
      return spread && name !== NOTHING
        ? [{ label: labelOf(name), spread, marked: OURS.includes(name) }]
        : [];
    });
    return rows.length === 0 ? [] : [[measure, barChart(plot.title, plot.unit, rows)]];
  });
  return Object.fromEntries([...bars, ...growthPlots(samples)]);
}

/** docs/benchmarks.md */
export function benchmarkPage(results: Results, bars: readonly Judged[]): string {
  const { about, versions } = results;
  const samples = new Samples(results.values, results.notes);
  const met = bars.filter((each) => each.met).length;
  const drawn = plots(samples);
  const sections = SECTIONS.flatMap((section) => sectionText(section, samples, drawn));
  return `# Benchmarks

What this package costs, beside the least that a client can do and beside others. \`npm run bench\` measures and writes this page; [results.json](benchmarks/results.json) has every round.

- A server in a process of its own writes prepared answers in OpenRouter's form; it is always ahead of whoever reads.
- Each contestant runs in a fresh process per round, and takes turns with the others (A B C A B C …), ${about.rounds} rounds (growth and the slow consumer: at most 3); every answer is compared with what was sent.
- Figures are medians of the rounds, with quartiles in brackets. CPU is user and system time of the whole process.
- Ours run with everything at its default: audit to a file, breakers, budgets, clocks, logger, catalogue. Others run as their documentation says, with retries off.
- One client of each contestant goes through all the shapes of its process, as a server has one for all its calls: the plan of an answer travels in the prompt.
- A process warms up with 2 000 short calls before sustained and paced streams, with four times 300 streams more before paced ones, and with ten times 1 500 calls before short ones, or what of that takes six seconds: a young one measures the compiler, not the client. In waves, since what a process does only when it falls idle makes V8 drop compiled code at the first time. What being young costs is [a shape of its own](#burst-a-young-process-a-whole-answer-at-once).
- The heap is not collected by force before anything is measured: V8 begins with a small young generation again after that, and whoever allocates more would pay for it as in no process at work.

${about.date}, ${about.text}; load average ${about.load.toFixed(1)} before it began; ${Math.round(about.seconds / 60)} minutes.

## Bars

Set before anything was measured; ratios of medians of one run. ${met} of ${bars.length} are met. Why the others are not: [near the floor](decisions/near-the-floor.md), with [profiles](benchmarks/profiles.md).
\`.ci/run\` fails when a ratio is more than 30 % over its bar, or over what was reached where that is more.

${barTable(bars)}

## Contestants

${markdown(
  ["", "versions"],
  versions.map(({ label, versions }) => [label, versions]),
)}

${sections.join("\n\n")}

${switchText(samples)}

## A slow consumer

20 streams of 20 000 events, a server that is ahead, a reader that takes one delta each 5 ms, looked at after 4 s and again 8 s later. Held is what a full collection leaves, on the heap and outside of it; with backpressure it stays as it is. The resident size, taken before the last look, has in it what V8 has not collected yet. A client that reads ahead holds whole answers at both looks: what it holds tells that, not the ratio.

${tableOr(samples, "slow-consumer", ["firstHeld", "lastHeld", "growth", "rss"])}

## Growth

${growthText(samples, drawn)}
`;
}

function sectionText(
  { measure, title, text, columns }: Section,
  samples: Samples,
  drawn: Record<string, string>,
): string {
  const picture = drawn[measure] === undefined ? [] : [`![${title}](benchmarks/${measure}.svg)`];
  return [`## ${title}`, text, ...picture, tableOr(samples, measure, columns)].join("\n\n");
}

function tableOr(samples: Samples, measure: string, columns: ColumnName[]): string {
  return contestantsOf(samples, measure).length === 0 ? "Not run." : table(samples, measure, columns);
}

function switchText(samples: Samples): string {
  const titles = {
    "switch-503": "503",
    "switch-reset": "Connection reset",
    "switch-refused": "Connection refused",
  };
  const tables = Object.entries(titles).flatMap(([measure, title]) => [
    `**${title}**`,
    tableOr(samples, measure, SWITCH_COLUMNS),
  ]);
  return `## Failover switch

The first model fails at once, the second answers. Time to first content of such a call, less that of a healthy call, less the failing attempt's own time: measured as the same client without a fallback meeting the same fault (the bar), and as undici meeting it. No retries and no breaker, which after five failures would not ask the failing model any more; fallback clients of others are made anew for each call, since some stay with the second model.

${tables.join("\n\n")}`;
}
