import { figures, MIB } from "./numbers.js";
import { type Line, lineChart } from "./plot/line-chart.js";
import { labelOf } from "./roster.js";
import type { Samples } from "./samples.js";
import { type ColumnName, contestantsOf, markdown } from "./tables.js";

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
    y: "MiB of resident size at most",
    metric: "rssPeak",
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
    points: steps.flatMap((step) => {
      const y = samples.median(step.name, name, metric);
      return y === undefined ? [] : [{ x: step.x, y: y / divisor }];
    }),
  }));
}

/** Plots by file name. */
export function growthPlots(samples: Samples): [file: string, svg: string][] {
  return GROWTH.flatMap(({ file, measure, title, x, y, metric, divisor }) => {
    const found = growthLines(samples, measure, metric, divisor);
    return found.length === 0 ? [] : [[file, lineChart(title, x, y, found)]];
  });
}

export function growthText(samples: Samples, drawn: Record<string, string>): string {
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
