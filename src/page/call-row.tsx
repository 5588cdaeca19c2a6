import type { CallState, CallRow as Row } from "../serve/wire.js";
import { clock, day, duration, fullMoment, money, words } from "./format.js";

const TRAIL: Record<string, string> = { w: "won", f: "failed", c: "cancelled" };

export function State({ state }: { state: CallState }) {
  return (
    <span class={`state ${state}`}>
      <i class="state-dot" />
      {state}
    </span>
  );
}

export interface CallRowProps {
  row: Row;
  index: number;
  /** The one that Tab comes to. */
  current: boolean;
  selected: boolean;
  /** Days are said where they change. */
  newDay: boolean;
  /** Of the longest call that is listed, ms. */
  longest: number;
  onOpen: (index: number) => void;
}

export function CallRow({ row, index, current, selected, newDay, longest, onOpen }: CallRowProps) {
  const { callId, at, state, target, model, failure, trail } = row;
  const labels = Object.entries(row.labels).map((pair) => pair.join("="));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys.
    <div
      role="option"
      aria-label={spoken(row)}
      aria-selected={selected}
      tabIndex={current ? 0 : -1}
      data-call={callId}
      class={`row ${selected ? "selected" : ""}`}
      onClick={() => onOpen(index)}
    >
      <span class="c-time num" title={fullMoment(at)}>
        {newDay && <span class="c-day">{day(at)} </span>}
        {clock(at)}
      </span>
      <span class="c-state">
        <State state={state} />
      </span>
      <span class="c-target" title={model ?? target ?? ""}>
        {target ?? <span class="faint">{state === "running" ? "…" : "nobody was asked"}</span>}
      </span>
      <span class="c-way">
        <span class="trail">
          {[...trail].map((each, i) => (
            <i key={i} class={TRAIL[each] ?? ""} />
          ))}
        </span>
        {waysOf(row).map((way) => (
          <span key={way} class="chip">
            {way}
          </span>
        ))}
      </span>
      <span class="c-failure">{failure === undefined ? "" : words(failure)}</span>
      <span class="c-first num">{row.firstContentMs === undefined ? "" : duration(row.firstContentMs)}</span>
      <span class="c-duration num">
        <span class="bar">
          <i class={state} style={{ width: `${((row.durationMs ?? 0) / longest) * 100}%` }} />
        </span>
        <span class="c-took">{row.durationMs === undefined ? "" : duration(row.durationMs)}</span>
      </span>
      <span class="c-cost num">{row.costUsd === undefined ? "" : money(row.costUsd)}</span>
      <span class="c-labels" title={labels.join(", ")}>
        {labels.map((label) => (
          <span key={label} class="label">
            {label}
          </span>
        ))}
      </span>
      <span class="c-user" title={row.userId ?? ""}>
        {row.userId ?? ""}
      </span>
    </div>
  );
}

function waysOf({ failover, hedged, recovered }: Row): string[] {
  return [failover && "failover", hedged && "hedge", recovered && "recovery"].filter((way) => way !== false);
}

/** A line of the list in words. */
function spoken(row: Row): string {
  const { at, state, target, failure, attempts, durationMs, costUsd } = row;
  const parts = [
    `${day(at)} ${clock(at)}`,
    state,
    target,
    `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`,
    ...waysOf(row),
    failure && words(failure),
    durationMs !== undefined && duration(durationMs),
    costUsd !== undefined && money(costUsd),
  ];
  return parts.filter((part) => typeof part === "string").join(", ");
}
