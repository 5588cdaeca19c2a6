import type { Report } from "../report/report.js";
import { count, duration, money, percent, shortCount } from "./format.js";

interface Tile {
  id: string;
  name: string;
  value: string;
  note: string;
  /** Says more than the colour does: the value needs a look. */
  tone?: "bad" | "good";
}

function tilesOf({ calls, rates, durationMs, cost }: Report): Tile[] {
  const { success, failover, recovery } = rates;
  const unanswered = [
    calls.failed > 0 ? `${count(calls.failed)} failed` : "",
    calls.aborted > 0 ? `${count(calls.aborted)} aborted` : "",
    calls.unknown > 0 ? `${count(calls.unknown)} unknown` : "",
  ].filter((note) => note !== "");
  return [
    {
      id: "calls",
      name: "Calls",
      value: shortCount(calls.total),
      note:
        calls.total === 0
          ? "in this time"
          : calls.open > 0
            ? `${count(calls.open)} running`
            : `p50 ${duration(durationMs.p50)}`,
    },
    {
      id: "answered",
      name: "Answered",
      value: percent(success.rate),
      note: unanswered.slice(0, 2).join(", ") || (calls.ok > 0 ? "none failed" : "none so far"),
      ...(success.rate !== null && success.rate < 0.99 && { tone: "bad" as const }),
    },
    {
      id: "failover",
      name: "Failover",
      value: percent(failover.rate),
      note: `${count(failover.count)} asked more than one`,
    },
    {
      id: "recovered",
      name: "Recovered",
      value: percent(recovery.rate),
      note: recovery.of > 0 ? `${count(recovery.count)} of ${count(recovery.of)}` : "nothing to recover",
    },
    {
      id: "cost",
      name: "Cost",
      value: money(cost.total.usd),
      note: cost.total.estimatedUsd > 0 ? `${money(cost.total.estimatedUsd)} estimated` : "as the wire said",
    },
    {
      id: "resilience",
      name: "Cost of resilience",
      value: money(cost.resilience.usd),
      note: resilienceNote(cost.resilience),
    },
  ];
}

function resilienceNote({ share, attempts }: Report["cost"]["resilience"]): string {
  if (attempts === 0) return "no attempt lost";
  return `${percent(share)} of all, ${count(attempts)} ${attempts === 1 ? "attempt" : "attempts"}`;
}

/** The report in six numbers. */
export function Tiles({ report }: { report: Report }) {
  return (
    <dl class="tiles" aria-label="In numbers">
      {tilesOf(report).map(({ id, name, value, note, tone }) => (
        <div key={id} class="tile" data-tile={id}>
          <dt>{name}</dt>
          <dd>
            <span class={`tile-value num ${tone ?? ""}`}>{value}</span>
            <span class="tile-note num">{note}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
