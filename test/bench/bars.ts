import type { Samples } from "./samples.js";

export type Form = "full" | "short";

/** A goal that was set before anything was measured. */
export interface Bar {
  name: string;
  limit: number;
  unit: "ratio" | "ms" | "µs";
  /** Of medians of one run; undefined when it was not measured. */
  measured(samples: Samples): number | undefined;
  /** Which forms of the benchmark look at it; the short one at ratios only, since another machine has other times. */
  forms: readonly Form[];
  /** What the short form measured when the bar could not be met: it guards this then, so that it gets no worse. */
  reached?: number | undefined;
}

/** A measure of one contestant. */
type At = [measure: string, contestant: string, metric: string];

const combined = (a: At, b: At, how: (a: number, b: number) => number) => (samples: Samples) => {
  const [left, right] = [samples.median(...a), samples.median(...b)];
  return left === undefined || right === undefined ? undefined : how(left, right);
};

const BOTH: readonly Form[] = ["full", "short"];
const FULL: readonly Form[] = ["full"];
const SHORT: readonly Form[] = ["short"];

function ratio(name: string, limit: number, a: At, b: At, forms = BOTH): Bar {
  return { name, limit, unit: "ratio", forms, measured: combined(a, b, (left, right) => left / right) };
}

function difference(name: string, limit: number, unit: "ms" | "µs", a: At, b: At): Bar {
  return { name, limit, unit, forms: FULL, measured: combined(a, b, (left, right) => left - right) };
}

function value(name: string, limit: number, unit: Bar["unit"], at: At): Bar {
  return { name, limit, unit, forms: FULL, measured: (samples) => samples.median(...at) };
}

const CHAIN = "FallbackChain";
const MODEL = "OpenRouterChatModel";
const OURS = [
  ["chain", CHAIN],
  ["model", MODEL],
] as const;

const cpu = (measure: string, name: string, ours: string, other: string, limit: number, forms = BOTH) =>
  ratio(name, limit, [measure, ours, "cpuUs"], [measure, other, "cpuUs"], forms);
const loaded = (ms: string): At => ["import", ms, "ms"];

const GOALS: Bar[] = [
  cpu("sustained", `sustained, CPU per chunk, ${MODEL} : floor`, "model", "floor", 1),
  cpu("sustained", "the same with one delta per event : floor", "model-per-event", "floor", 1.2),
  cpu("sustained", `sustained, ${MODEL} : published`, "model", "published", 0.2),
  cpu("sustained", `sustained, ${MODEL} : bare openai SDK`, "model", "openai", 0.35),
  cpu("sustained", `sustained, ${MODEL} : AI SDK + ai-fallback`, "model", "ai-fallback", 0.1),
  cpu("paced", `paced, ${MODEL} : floor`, "model", "floor", 1.15),
  cpu("paced", `paced, ${MODEL} : published`, "model", "published", 0.55),
  cpu("burst", `burst, fresh process, ${CHAIN} : floor`, "chain", "floor", 1.4),
  cpu("burst", `burst, fresh process, ${MODEL} : floor`, "model", "floor", 2),
  cpu("burst-node24", `burst, fresh process, Node 24, ${MODEL} : floor`, "model", "floor", 1.6, FULL),
  ...OURS.map(([key, name]) =>
    cpu("short-64", `short call, 64 at once, CPU, ${name} : bare openai SDK`, key, "openai", 0.7),
  ),
  ...OURS.map(([key, name]) =>
    cpu("short-64", `short call, 64 at once, CPU, ${name} : published`, key, "published", 0.45),
  ),
  difference(
    "the chain's own CPU per healthy call: two targets, all defaults, less our provider alone",
    100,
    "µs",
    ["short-64", "chain", "cpuUs"],
    ["short-64", "provider", "cpuUs"],
  ),
  ...OURS.map(([key, name]) =>
    difference(
      `first content, ${name} − floor`,
      0.5,
      "ms",
      ["first", key, "firstMs"],
      ["first", "floor", "firstMs"],
    ),
  ),
  ...OURS.map(([key, name]) =>
    ratio(
      `first content, ${name} : published`,
      0.5,
      ["first", key, "firstMs"],
      ["first", "published", "firstMs"],
    ),
  ),
  ...["503", "reset", "refused"].flatMap((fault) =>
    OURS.map(([key, name]) =>
      value(`failover switch after ${fault}, ${name}, beyond the failing attempt`, 0.5, "ms", [
        `switch-${fault}`,
        key,
        "beyondMs",
      ]),
    ),
  ),
  ratio(
    `RSS growth, 200 streams of 2 000 events in a fresh process, ${MODEL} : published`,
    0.35,
    ["memory", "model", "rssGrowth"],
    ["memory", "published", "rssGrowth"],
    FULL,
  ),
  ...OURS.map(([key, name]) =>
    value(`slow consumer, memory held at last : at first, ${name}`, 1.1, "ratio", [
      "slow-consumer",
      key,
      "growth",
    ]),
  ),
  value("cold import of ./chain", 220, "ms", loaded("@aigne/open-router/chain")),
  ratio("cold import of . : of @aigne/core alone", 1.1, loaded("@aigne/open-router"), loaded("@aigne/core")),
  ratio(
    "cold import of ./chain : of undici, eventsource-parser and zod",
    2,
    loaded("@aigne/open-router/chain"),
    loaded("undici + eventsource-parser + zod"),
    SHORT,
  ),
];

/** By name: what the short form measured where that is over the bar. docs/decisions/near-the-floor.md says why. */
const REACHED: Record<string, number> = {
  [`paced, ${MODEL} : floor`]: 1.6,
  [`short call, 64 at once, CPU, ${MODEL} : bare openai SDK`]: 0.85,
  [`first content, ${CHAIN} : published`]: 0.7,
  [`first content, ${MODEL} : published`]: 0.95,
};

export const BARS: Bar[] = GOALS.map((bar) => ({ ...bar, reached: REACHED[bar.name] }));

/** How far over its bar a ratio may be before the short form fails: a shared machine is no laboratory. */
export const LEEWAY = 1.3;

export interface Judged {
  bar: Bar;
  measured: number | undefined;
  /** What it may be at the most. */
  most: number;
  met: boolean;
}

/** A bar without a value is not met: a guard that measured nothing would pass for ever. */
export function judged(samples: Samples, form: Form, leeway = 1): Judged[] {
  return BARS.filter(({ forms }) => forms.includes(form)).map((bar) => {
    const measured = bar.measured(samples);
    const most = (form === "short" ? (bar.reached ?? bar.limit) : bar.limit) * leeway;
    return { bar, measured, most, met: measured !== undefined && measured <= most };
  });
}
