import type { AuditAttempt, Skip } from "../record.js";
import { duration, money, words } from "./format.js";
import { hueOfTarget } from "./palette.js";
import type { Theme } from "./theme.js";
import type { Lane, Waterfall } from "./waterfall-model.js";

interface WaterfallProps {
  waterfall: Waterfall;
  skipped: readonly Skip[];
  /** `n` of the attempt that answered. */
  winner: number | undefined;
  theme: Theme;
}

const PHASES = { connect: "until headers", wait: "until first content", stream: "content" } as const;

/** The call's attempts over time. Screen readers get `AttemptTable` instead. */
export function WaterfallChart({ waterfall, skipped, winner, theme }: WaterfallProps) {
  const { totalMs, lanes, ticks } = waterfall;
  const at = (ms: number) => `${(ms / totalMs) * 100}%`;
  return (
    <div class="fall" aria-hidden="true">
      <div class="fall-row fall-axis">
        <span />
        <span class="fall-track num">
          {ticks.map((tick) => (
            <i
              key={tick}
              class={tick / totalMs > 0.92 ? "fall-tick last" : "fall-tick"}
              style={{ left: at(tick) }}
            >
              {tick === 0 ? "0" : duration(tick)}
            </i>
          ))}
        </span>
        <span />
      </div>
      <div class="fall-lanes">
        <div class="fall-grid fall-row">
          <span />
          <span class="fall-track">
            {ticks.map((tick) => (
              <i key={tick} style={{ left: at(tick) }} />
            ))}
          </span>
          <span />
        </div>
        {skipped.map((skip, i) => (
          <div key={`s${i}`} class="fall-row fall-skip">
            <LaneName n="–" target={skip.target} why="skipped" color={hueOfTarget(skip.target, theme)} />
            <span class="fall-text">
              {words(skip.reason)}
              <span class="faint num"> {detailOf(skip)}</span>
            </span>
            <span />
          </div>
        ))}
        {lanes.map((lane) => (
          <LaneRow
            key={lane.attempt.n}
            lane={lane}
            lanes={lanes}
            at={at}
            won={lane.attempt.n === winner}
            theme={theme}
          />
        ))}
      </div>
      <ul class="fall-legend">
        {Object.entries(PHASES).map(([name, says]) => (
          <li key={name}>
            <i class={`phase ${name}`} />
            {says}
          </li>
        ))}
        <li>
          <i class="phase waiting" />
          wait before a retry
        </li>
        <li>
          <i class="commit-key" />
          shown to the caller
        </li>
      </ul>
    </div>
  );
}

function LaneName({
  n,
  target,
  why,
  color,
}: {
  n: number | string;
  target: string;
  why: string;
  color: string;
}) {
  return (
    <span class="fall-name">
      <span class="fall-n num">{n}</span>
      <span class="fall-who">
        <span class="fall-target" title={target}>
          <i class="swatch" style={{ background: color }} />
          {target}
        </span>
        <span class="fall-why">{why}</span>
      </span>
    </span>
  );
}

interface LaneRowProps {
  lane: Lane;
  lanes: readonly Lane[];
  at: (ms: number) => string;
  won: boolean;
  theme: Theme;
}

function LaneRow({ lane, lanes, at, won, theme }: LaneRowProps) {
  const { attempt, from, to, phases, committedAt, waitedTo, recovery, besides } = lane;
  const { outcome, failure, n, target, why } = attempt;
  const beside = besides === undefined ? undefined : lanes[besides]?.attempt.n;
  const color = hueOfTarget(target, theme);
  const says = {
    first: "first",
    retry: "retry",
    failover: "failover",
    hedge: beside === undefined ? "hedge" : `hedge beside ${beside}`,
    recovery: recovery === "continue" ? "recovery, continues" : "recovery, restarts",
  }[why];
  return (
    <div class={`fall-row fall-lane ${outcome} ${won ? "winner" : ""}`} data-attempt={n} data-why={why}>
      <LaneName n={n} target={target} why={says} color={color} />
      <span class="fall-track">
        {phases.map((phase) => (
          <i
            key={phase.name}
            class={`phase ${phase.name}`}
            style={{ left: at(phase.from), width: at(phase.to - phase.from), color }}
            title={`${PHASES[phase.name]}: ${duration(phase.to - phase.from)}`}
          />
        ))}
        {waitedTo !== undefined && (
          <i
            class="phase waiting"
            style={{ left: at(to), width: at(waitedTo - to) }}
            title={`waits ${duration(waitedTo - to)}`}
          />
        )}
        <i class={`fall-end ${outcome}`} style={{ left: at(to) }} title={outcome} />
        {committedAt !== undefined && (
          <i
            class="fall-commit"
            style={{ left: at(committedAt) }}
            title={`shown to the caller after ${duration(committedAt)}`}
          />
        )}
        {recovery && <i class="fall-recovery" style={{ left: at(from) }} title={says} />}
      </span>
      <span class="fall-took num">{duration(attempt.durationMs)}</span>
      <p class="fall-says">
        <b class={outcome}>{won ? "answered" : outcome}</b>
        {failure && (
          <>
            {" "}
            <b>{words(failure.class)}</b>
            {failure.status === undefined ? "" : ` ${failure.status}`}{" "}
            <span class="fall-message">{failure.message}</span>
          </>
        )}
        {committedAt !== undefined && <span class="num faint"> · shown after {duration(committedAt)}</span>}
        {attempt.waitMs !== undefined && (
          <span class="num faint"> · then waits {duration(attempt.waitMs)}</span>
        )}
        {attempt.verdict === "next" && <span class="faint"> · then the next target</span>}
        {attempt.verdict === "stop" && <span class="faint"> · then stops</span>}
      </p>
    </div>
  );
}

/** `{ forMs: 4000 }` as "for 4.00 s". */
function detailOf({ detail = {} }: Skip): string {
  return Object.entries(detail)
    .map(([name, value]) => {
      const plain = words(
        name.replace(/(Ms|Usd)$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      );
      if (typeof value !== "number") return `${plain} ${words(value)}`;
      if (name.endsWith("Ms")) return `${plain} ${duration(value)}`;
      return `${plain} ${name.endsWith("Usd") ? money(value) : value.toLocaleString("en-US")}`;
    })
    .join(", ");
}

/** The same as a table, for those who do not see the picture. */
export function AttemptTable({
  attempts,
  skipped,
}: {
  attempts: readonly AuditAttempt[];
  skipped: readonly Skip[];
}) {
  return (
    <table class="hidden">
      <caption>Attempts of this call</caption>
      <thead>
        <tr>
          {[
            "Number",
            "Target",
            "Why",
            "Outcome",
            "Headers",
            "First content",
            "Duration",
            "Failure",
            "Wait before the retry",
          ].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {attempts.map(
          ({ n, target, why, outcome, headersMs, firstContentMs, durationMs, failure, waitMs }) => (
            <tr key={n}>
              <td>{n}</td>
              <td>{target}</td>
              <td>{why}</td>
              <td>{outcome}</td>
              <td>{duration(headersMs)}</td>
              <td>{duration(firstContentMs)}</td>
              <td>{duration(durationMs)}</td>
              <td>{failure ? `${words(failure.class)}: ${failure.message}` : ""}</td>
              <td>{waitMs === undefined ? "" : duration(waitMs)}</td>
            </tr>
          ),
        )}
        {skipped.map((skip, i) => (
          <tr key={`s${i}`}>
            <td />
            <td>{skip.target}</td>
            <td colSpan={7}>
              skipped: {words(skip.reason)} {detailOf(skip)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
