import type { Judged } from "./bars.js";
import type { Machine } from "./machine.js";
import { figures, MIB } from "./numbers.js";
import { barChart } from "./plot/bar-chart.js";
import { type Line, lineChart } from "./plot/line-chart.js";
import { labelOf } from "./roster.js";
import { Samples, type Values } from "./samples.js";
import { barTable, type ColumnName, contestantsOf, markdown, table } from "./tables.js";

export interface Results {
  about: Machine & { rounds: number; seconds: number };
  versions: { label: string; versions: string }[];
  values: Values;
  notes: Samples["notes"];
}

interface Section {
  measure: string;
  title: string;
  text: string;
  columns: ColumnName[];
  plot?: { metric: ColumnName; title: string; unit: string };
}

const COSTS: ColumnName[] = ["cpuUs", "wallUs", "rssGrowth", "heapKept"];
const cpuPlot = (title: string, per: string) => ({
  metric: "cpuUs" as const,
  title,
  unit: `µs of CPU per ${per}`,
});

const SECTIONS: Section[] = [
  {
    measure: "sustained",
    title: "Sustained: 200 streams of 2 000 events at once",
    text: "The server has everything ready, so a client is as fast as it can be. Per event; no warm-up. RSS growth and the heap kept after a collection are those of the whole load.",
    columns: COSTS,
    plot: cpuPlot("Sustained: 200 streams × 2 000 events", "event"),
  },
  {
    measure: "paced",
    title: "Paced: one event per network read",
    text: "50 streams at once of 200 events, one each 5 ms, as models speak. Per event, each call's own cost included; the clock tells the pace.",
    columns: ["cpuUs", "rssGrowth"],
    plot: cpuPlot("Paced: an event each 5 ms, 50 streams", "event"),
  },
  {
    measure: "burst",
    title: "Burst: a young process, a whole answer at once",
    text: "Four calls of 2 000 events after three to begin with, one at a time: what a command-line tool or a function meets, before the compiler is done.",
    columns: ["cpuUs", "wallUs", "firstMs"],
    plot: cpuPlot("Burst: seven calls in the life of a process", "event"),
  },
  {
    measure: "burst-node24",
    title: "Burst on Node 24",
    text: "The same under Node 24, whose compiler does more sooner.",
    columns: ["cpuUs", "wallUs", "firstMs"],
  },
  {
    measure: "short-64",
    title: "Short calls, 64 at once",
    text: "20 events per call; CPU per call.",
    columns: ["cpuUs", "wallUs"],
    plot: cpuPlot("Short calls of 20 events, 64 at once", "call"),
  },
  {
    measure: "short-1",
    title: "Short calls, one at a time",
    text: "20 events per call; CPU per call, and time to its first text.",
    columns: ["cpuUs", "wallUs", "firstMs"],
    plot: cpuPlot("Short calls of 20 events, one at a time", "call"),
  },
  {
    measure: "short-1000",
    title: "Short calls, 1 000 at once",
    text: "20 events per call; CPU per call, over connections that are open.",
    columns: ["cpuUs", "wallUs"],
    plot: cpuPlot("Short calls of 20 events, 1 000 at once", "call"),
  },
  {
    measure: "first",
    title: "First content",
    text: "From the call until its first text, one call at a time, a server that sends the first event at once and the next after 1 ms; the median of 150 calls in each round.",
    columns: ["firstMs", "cpuUs"],
    plot: { metric: "firstMs", title: "First content", unit: "ms from the call to its first text" },
  },
  {
    measure: "import",
    title: "Cold import",
    text: "A fresh process for each: how long the import takes, and the resident size after it.",
    columns: ["ms", "rss"],
    plot: { metric: "ms", title: "Cold import", unit: "ms" },
  },
];

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
      return spread && spread.low > 0 ? [{ label: labelOf(name), spread, marked: OURS.includes(name) }] : [];
    });
    return rows.length === 0 ? [] : [[measure, barChart(plot.title, plot.unit, rows)]];
  });
  const lines = GROWTH.flatMap(({ file, measure, title, x, y, metric, divisor }) => {
    const found = growthLines(samples, measure, metric, divisor);
    return found.length === 0 ? [] : [[file, lineChart(title, x, y, found)]];
  });
  return Object.fromEntries([...bars, ...lines]);
}

interface Growth {
  file: string;
  measure: string;
  title: string;
  x: string;
  y: string;
  metric: ColumnName;
  divisor: number;
}

const GROWTH: Growth[] = [
  {
    file: "growth-length",
    measure: "length",
    title: "Longer streams: CPU per event",
    x: "events in a stream",
    y: "µs of CPU per event",
    metric: "cpuUs",
    divisor: 1,
  },
  {
    file: "growth-length-memory",
    measure: "length",
    title: "Longer streams: memory",
    x: "events in a stream",
    y: "MiB that the process grew by",
    metric: "rssGrowth",
    divisor: MIB,
  },
  {
    file: "growth-at-once",
    measure: "at-once",
    title: "More calls at once: CPU per call",
    x: "calls at once",
    y: "µs of CPU per call of 20 events",
    metric: "cpuUs",
    divisor: 1,
  },
  {
    file: "growth-targets",
    measure: "targets",
    title: "More targets: CPU per call",
    x: "targets",
    y: "µs of CPU per call of 20 events",
    metric: "cpuUs",
    divisor: 1,
  },
];

/** Measures that differ in a number at the end of their names, such as length-100. */
function growthSteps({ values }: Samples, measure: string): { name: string; x: number }[] {
  return Object.keys(values)
    .flatMap((name) => {
      const x = new RegExp(`^${measure}-(\\d+)$`).exec(name)?.[1];
      return x === undefined ? [] : [{ name, x: Number(x) }];
    })
    .sort((a, b) => a.x - b.x);
}

function growthLines(samples: Samples, measure: string, metric: ColumnName, divisor: number): Line[] {
  const steps = growthSteps(samples, measure);
  const names = steps[0] ? contestantsOf(samples, steps[0].name) : [];
  return names.map((name) => ({
    label: labelOf(name).replace(/:.*/, ""),
    // What did not grow has no place on a logarithmic axis but its beginning.
    points: steps.flatMap((step) => {
      const y = samples.median(step.name, name, metric);
      return y === undefined ? [] : [{ x: step.x, y: Math.max(y / divisor, 0.1) }];
    }),
  }));
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
- Each contestant runs in a fresh process per round, and takes turns with the others (A B C A B C …), ${about.rounds} rounds; every answer is compared with what was sent.
- Figures are medians of the rounds, with quartiles in brackets. CPU is user and system time of the whole process.
- Ours run with everything at its default: audit to a file, breakers, budgets, clocks, logger, catalogue. Others run as their documentation says, with retries off.
- Short calls warm up with 2 000 calls: a young process measures the compiler, not the client. What a young process costs is [a shape of its own](#burst-a-young-process-a-whole-answer-at-once).

${about.date}, ${about.text}; load average ${about.load.toFixed(1)} before it began; ${Math.round(about.seconds / 60)} minutes.

## Bars

Set before anything was measured; ratios of medians of one run. ${met} of ${bars.length} are met. \`.ci/run\` fails when a ratio is more than 30 % over its bar.

${barTable(bars)}

## Contestants

${markdown(
  ["", "versions"],
  versions.map(({ label, versions }) => [label, versions]),
)}

${sections.join("\n\n")}

${switchText(samples)}

## A slow consumer

20 streams of 20 000 events, a server that is ahead, a reader that takes one delta each 5 ms, 8 s long. With backpressure the resident size stays as it is.

${tableOr(samples, "slow-consumer", ["firstRss", "lastRss", "growth", "above"])}

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

function growthText(samples: Samples, drawn: Record<string, string>): string {
  return GROWTH.flatMap(({ file, measure, title, y, metric, divisor }) => {
    if (drawn[file] === undefined) return [];
    const lines = growthLines(samples, measure, metric, divisor);
    const steps = growthSteps(samples, measure);
    const rows = lines.map(({ label, points }) => [label, ...points.map((point) => figures(point.y))]);
    return [
      `![${title}](benchmarks/${file}.svg)`,
      markdown([y, ...steps.map(({ x }) => x.toLocaleString("en-US").replaceAll(",", " "))], rows),
    ];
  }).join("\n\n");
}
