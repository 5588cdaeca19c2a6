import type { BreakerPhaseName, Report } from "../report/report.js";
import { clock, count, moment, words } from "./format.js";
import { Panel } from "./panel.js";
import { shortNames } from "./short-names.js";

const MOST_LANES = 7;

interface Stretch {
  phase: BreakerPhaseName;
  from: number;
  to: number;
}

/** What calls saw of a breaker, as stretches of time. Before the first change that was told it was closed, as far as anybody knows. */
export function stretches(
  changes: readonly { at: string; phase: BreakerPhaseName }[],
  from: number,
  to: number,
): Stretch[] {
  const found: Stretch[] = [];
  let phase: BreakerPhaseName = "closed";
  let since = from;
  const until = (end: number) => {
    if (phase !== "closed" && end > since) found.push({ phase, from: since, to: end });
  };
  for (const change of changes) {
    const at = Math.min(to, Math.max(from, Date.parse(change.at)));
    if (change.phase === phase) continue;
    until(at);
    phase = change.phase;
    since = at;
  }
  until(to);
  return found;
}

/** A lane per target: when its breaker was open. */
export function BreakerLanes({
  report,
  from,
  to,
  empty,
}: {
  report: Report;
  from: number;
  to: number;
  empty: string | false;
}) {
  const targets = report.targets.map(({ target }) => target);
  const told = report.breakers.filter(({ target }) => !targets.includes(target)).map(({ target }) => target);
  const openings = new Map(report.breakers.map(({ target, opened }) => [target, opened]));
  const all = [...targets, ...told];
  // Where there is no room for all, those that have something to show.
  const ranked =
    all.length > MOST_LANES ? all.toSorted((a, b) => (openings.get(b) ?? 0) - (openings.get(a) ?? 0)) : all;
  const lanes = ranked.slice(0, MOST_LANES);
  const left = all.length - lanes.length;
  const short = shortNames(lanes);
  const width = Math.max(1, to - from);
  const percentOf = (ms: number) => `${((ms - from) / width) * 100}%`;
  const opened = report.breakers.reduce((total, each) => total + each.opened, 0);
  return (
    <Panel
      id="breakers"
      title="Breakers"
      note={`${opened === 0 ? "none opened" : `opened ${count(opened)} ${opened === 1 ? "time" : "times"}`}${left > 0 ? ` · ${count(left)} more targets` : ""}`}
      legend={[
        { name: "open", color: "var(--open)" },
        { name: "probing", color: "var(--half)" },
        { name: "closed", color: "var(--closed)" },
      ]}
      empty={empty}
    >
      <ul class="lanes">
        {lanes.map((target) => {
          const breaker = report.breakers.find((each) => each.target === target);
          const parts = stretches(breaker?.changes ?? [], from, to);
          return (
            <li key={target} class="lane">
              <span class="lane-name" title={target}>
                {short(target)}
              </span>
              <span class="lane-count num">{breaker ? `${count(breaker.opened)}×` : ""}</span>
              <span class="lane-track" role="img" aria-label={laneLabel(breaker)}>
                {parts.map((part) => (
                  <i
                    key={`${part.from}${part.phase}`}
                    class={`lane-part ${part.phase}`}
                    style={{ left: percentOf(part.from), width: `${((part.to - part.from) / width) * 100}%` }}
                    title={`${part.phase === "open" ? "open" : "probing"} ${clock(part.from)} – ${clock(part.to)}`}
                  />
                ))}
              </span>
            </li>
          );
        })}
      </ul>
      <div class="lane-axis num" aria-hidden="true">
        <span>{moment(from)}</span>
        <span>{moment(to)}</span>
      </div>
    </Panel>
  );
}

function laneLabel(breaker: Report["breakers"][number] | undefined): string {
  if (!breaker) return "closed all the time, as far as calls told";
  const last = breaker.changes.at(-1);
  return `opened ${breaker.opened} times, now ${words(breaker.last)}${last ? ` since ${clock(Date.parse(last.at))}` : ""}`;
}
