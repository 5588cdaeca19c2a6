import { Numbers, rank } from "./numbers.js";
import type { Series } from "./report.js";
import { entryOf } from "./tally.js";
import type { TargetFold } from "./target-fold.js";

const MOST_BUCKETS = 200;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
/** Widths that a reader of a time axis expects. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800].map((seconds) => seconds * SECOND),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];

interface Axis {
  fromMs: number;
  stepMs: number;
  buckets: number;
}

/** The narrowest buckets that cover the time from first to last in at most 200, each beginning at a multiple of its width. */
export function axisOf(first: number, last: number): Axis {
  const at = (step: number): Axis => {
    const fromMs = Math.floor(first / step) * step;
    return { fromMs, stepMs: step, buckets: Math.floor((last - fromMs) / step) + 1 };
  };
  const step = STEPS.find((each) => at(each).buckets <= MOST_BUCKETS);
  // Two more, since both ends may be cut.
  return at(step ?? Math.ceil((last - first) / ((MOST_BUCKETS - 2) * DAY)) * DAY);
}

/** Keeps when what happened, until it is known how wide a bucket must be. */
export class SeriesFold {
  readonly #least: readonly number[];
  readonly #calls = new Numbers();
  readonly #costs = { at: new Numbers(), usd: new Numbers(), lost: new Numbers() };
  readonly #ended = { failed: new Numbers(), aborted: new Numbers(), unfinished: new Numbers() };
  readonly #answered = new Map<string, Numbers>();
  readonly #failures = new Map<string, Numbers>();

  /** `least`: first and last moment that the buckets cover in any case. */
  constructor(least?: readonly [number, number]) {
    this.#least = least ?? [];
  }

  call(at: number): void {
    this.#calls.push(at);
  }

  ended(as: "failed" | "aborted" | "unfinished", at: number): void {
    this.#ended[as].push(at);
  }

  answered(target: string, at: number): void {
    entryOf(this.#answered, target, () => new Numbers()).push(at);
  }

  failure(className: string, at: number): void {
    entryOf(this.#failures, className, () => new Numbers()).push(at);
  }

  /** `lost`: the part of it that went to attempts which did not win. */
  cost(usd: number, lost: number, at: number): void {
    this.#costs.at.push(at);
    this.#costs.usd.push(usd);
    this.#costs.lost.push(lost);
  }

  /** First and last moment; undefined without calls. */
  get span(): [number, number] | undefined {
    const { values } = this.#calls;
    if (values.length === 0) return undefined;
    return values.reduce<[number, number]>(
      (span, at) => {
        if (at < span[0]) span[0] = at;
        if (at > span[1]) span[1] = at;
        return span;
      },
      [Infinity, -Infinity],
    );
  }

  report(targets: readonly TargetFold[]): Series {
    const ends = [...(this.span ?? []), ...this.#least];
    const axis =
      ends.length > 0
        ? axisOf(Math.min(...ends), Math.max(...ends))
        : { fromMs: 0, stepMs: SECOND, buckets: 0 };
    const counted = (moments: Numbers) => sums(axis, moments);
    const { failed, aborted, unfinished } = this.#ended;
    return {
      ...axis,
      calls: counted(this.#calls),
      errors: counted(failed),
      aborted: counted(aborted),
      unfinished: counted(unfinished),
      costUsd: sums(axis, this.#costs.at, this.#costs.usd),
      resilienceUsd: sums(axis, this.#costs.at, this.#costs.lost),
      answeredBy: longestFirst(this.#answered).map(([target, at]) => ({ target, calls: counted(at) })),
      failures: longestFirst(this.#failures).map(([name, at]) => ({ class: name, attempts: counted(at) })),
      firstContentMs: targets
        .filter(({ firstContent }) => firstContent.length > 0)
        .map(({ target, firstContent, firstContentAt }) => {
          const groups = grouped(axis, firstContentAt, firstContent);
          const of = (q: number) => groups.map((sorted) => rank(sorted, q));
          return { target, p50: of(0.5), p99: of(0.99) };
        }),
    };
  }
}

function longestFirst(map: ReadonlyMap<string, Numbers>): [string, Numbers][] {
  return [...map].sort(([, a], [, b]) => b.length - a.length);
}

function bucketOf({ fromMs, stepMs }: Axis, at: number): number {
  return Math.floor((at - fromMs) / stepMs);
}

/** Per bucket the sum of the values, or without values the number of moments. */
function sums(axis: Axis, moments: Numbers, values?: Numbers): number[] {
  const totals = new Array<number>(axis.buckets).fill(0);
  const added = values?.values;
  moments.values.forEach((at, i) => {
    totals[bucketOf(axis, at)]! += added ? added[i]! : 1;
  });
  return totals;
}

/** Per bucket its values, sorted. */
function grouped(axis: Axis, moments: Numbers, values: Numbers): Float64Array[] {
  const ends = sums(axis, moments);
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
  const all = new Float64Array(values.length);
  const next = [0, ...ends];
  const given = values.values;
  moments.values.forEach((at, i) => {
    all[next[bucketOf(axis, at)]!++] = given[i]!;
  });
  return ends.map((end, i) => all.subarray(ends[i - 1] ?? 0, end).sort());
}
