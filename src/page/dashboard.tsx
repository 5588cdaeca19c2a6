import { useMemo, useState } from "preact/hooks";
import type { Report } from "../report/report.js";
import { BreakerLanes } from "./breaker-lanes.js";
import { CHART_HEIGHT, Chart } from "./chart.js";
import type { ChartProps } from "./chart-props.js";
import { count, duration, money, percent, shortCount, words } from "./format.js";
import { hue, hueOfFailure, hueOfTarget, MOST_NAMES } from "./palette.js";
import { LEGEND_LINE, Panel } from "./panel.js";
import { shortNames } from "./short-names.js";
import { TargetsTable } from "./targets-table.js";
import type { Theme } from "./theme.js";

export interface DashboardProps {
  report: Report;
  theme: Theme;
  /** Of the time axis, ms. */
  from: number;
  to: number;
  onZoom?: (from: number, to: number) => void;
}

interface Named {
  name: string;
  values: number[];
}

const OTHERS = "others";
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The largest by name, and the rest as one. */
function largest(all: readonly Named[]): Named[] {
  if (all.length <= MOST_NAMES) return [...all];
  const rest = all.slice(MOST_NAMES - 1);
  const values = rest[0]!.values.map((_, i) => sum(rest.map((each) => each.values[i]!)));
  return [...all.slice(0, MOST_NAMES - 1), { name: OTHERS, values }];
}

const colored = (theme: Theme, hueOf: (name: string, theme: Theme) => string) => (named: Named) => ({
  ...named,
  color: named.name === OTHERS ? hue(MOST_NAMES, theme) : hueOf(named.name, theme),
});

/** What a report says, in pictures. */
export function Dashboard({ report, theme, from, to, onZoom }: DashboardProps) {
  const [asShare, setAsShare] = useState(true);
  const { series, targets } = report;
  const times = useMemo(
    () => Array.from({ length: series.buckets }, (_, i) => (series.fromMs + i * series.stepMs) / 1_000),
    [series],
  );
  const stepS = series.stepMs / 1_000;
  const axis = { theme, times, stepS, from: from / 1_000, to: to / 1_000, onZoom };
  const answered = useMemo(() => {
    // So that a target has its hue whatever comes first here.
    for (const { target } of targets) hueOfTarget(target, theme);
    const all = series.answeredBy.map(({ target, calls }) => ({ name: target, values: calls }));
    return largest(all).map(colored(theme, hueOfTarget));
  }, [series, targets, theme]);
  const shares = useMemo(() => {
    const totals = times.map((_, i) => sum(answered.map(({ values }) => values[i]!)));
    return answered.map((each) => ({
      ...each,
      values: each.values.map((value, i) => (totals[i]! > 0 ? value / totals[i]! : null)),
    }));
  }, [answered, times]);
  const failures = useMemo(
    () =>
      largest(series.failures.map(({ class: name, attempts }) => ({ name, values: attempts }))).map(
        (each) => ({
          ...colored(theme, hueOfFailure)(each),
          name: words(each.name),
        }),
      ),
    [series, theme],
  );
  const costs = useMemo(() => costSeries(report, theme), [report, theme]);
  const latency = useMemo(() => latencySeries(report, theme), [report, theme]);
  const total = report.calls.ok;
  const lost = sum(series.failures.flatMap(({ attempts }) => attempts));
  const nothing = report.calls.total === 0 && "No calls in this time.";
  const short = shortNames(targets.map(({ target }) => target));
  const legendOf = (
    all: { name: string; color: string; values: readonly number[] }[],
    of: (n: number) => string,
  ) => all.map(({ name, color, values }) => ({ name, short: short(name), color, value: of(sum(values)) }));
  return (
    <div class="dashboard">
      <Panel
        id="answered"
        title="Who answered"
        note={asShare ? "share of answered calls" : "answered calls"}
        legend={legendOf(answered, (n) => percent(total > 0 ? n / total : null))}
        empty={nothing || (answered.length === 0 && "No call was answered.")}
        actions={
          <button type="button" class="small" aria-pressed={!asShare} onClick={() => setAsShare(!asShare)}>
            {asShare ? "Show calls" : "Show share"}
          </button>
        }
      >
        <Chart
          {...axis}
          stacked
          series={asShare ? shares : answered}
          {...(asShare ? { max: 1 } : { counts: true })}
          format={asShare ? (n) => `${Math.round(n * 100)}%` : shortCount}
          formatExact={asShare ? percent : count}
          label={`Share of answered calls: ${answered.map(({ name, values }) => `${name} ${percent(sum(values) / total)}`).join(", ")}.`}
        />
      </Panel>
      <Panel
        id="failures"
        title="Failed attempts"
        note="by class"
        legend={legendOf(failures, count)}
        legendLines={failures.length > 3 ? 2 : 1}
        empty={nothing || (lost === 0 && "No attempt failed.")}
      >
        <Chart
          {...axis}
          stacked
          series={failures}
          counts
          height={failures.length > 3 ? CHART_HEIGHT - LEGEND_LINE : CHART_HEIGHT}
          format={shortCount}
          label={`Failed attempts: ${failures.map(({ name, values }) => `${name} ${count(sum(values))}`).join(", ")}.`}
        />
      </Panel>
      <Panel
        id="latency"
        title="First content"
        note="median, and p99 as dots"
        legend={latency.legend.map((item) => ({ ...item, short: short(item.name) }))}
        empty={nothing || (latency.series.length === 0 && "Nothing has come from any target.")}
      >
        <Chart
          {...axis}
          logarithmic
          series={latency.series}
          format={duration}
          label={`Time to first content: ${targets
            .filter(({ firstContentMs }) => firstContentMs.count > 0)
            .map(
              ({ target, firstContentMs: { p50, p99 } }) =>
                `${target} p50 ${duration(p50)}, p99 ${duration(p99)}`,
            )
            .join("; ")}.`}
        />
      </Panel>
      <BreakerLanes report={report} from={from} to={to} empty={nothing} />
      <Panel id="cost" title="Cost" note="US dollars" legend={legendOf(costs, money)} empty={nothing}>
        <Chart
          {...axis}
          stacked
          series={costs}
          format={axisMoney}
          formatExact={money}
          label={costLabel(report)}
        />
      </Panel>
      <TargetsTable report={report} theme={theme} />
    </div>
  );
}

function costSeries(
  { series }: Report,
  theme: Theme,
): (Named & Pick<ChartProps["series"][number], "color">)[] {
  const { costUsd, resilienceUsd } = series;
  return [
    {
      name: "answers",
      color: hue(0, theme),
      values: costUsd.map((usd, i) => Math.max(0, usd - resilienceUsd[i]!)),
    },
    { name: "failed and cancelled attempts", color: hue(5, theme), values: [...resilienceUsd] },
  ];
}

function costLabel({ cost: { total, resilience } }: Report): string {
  return `Cost: ${money(total.usd)}, of which ${money(resilience.usd)} for attempts that did not win.`;
}

function axisMoney(usd: number): string {
  if (usd === 0) return "$0";
  return `$${usd >= 100 ? Math.round(usd) : Number(usd.toPrecision(2))}`;
}

function latencySeries({ series }: Report, theme: Theme) {
  const shown = series.firstContentMs.slice(0, MOST_NAMES);
  return {
    series: shown.flatMap(({ target, p50, p99 }) => {
      const color = hueOfTarget(target, theme);
      return [
        { name: `${target} p99`, color: `${color}73`, values: p99, dots: true },
        { name: target, color, values: p50 },
      ];
    }),
    legend: shown.map(({ target }) => ({ name: target, color: hueOfTarget(target, theme) })),
  };
}
