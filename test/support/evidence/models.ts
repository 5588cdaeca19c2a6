import type { ModelScript, Script } from "../../../src/testing/index.js";

export const ALPHA = "alpha/one";
export const BETA = "beta/two";
export const GAMMA = "gamma/three";
/** Falls silent as often as it answers; only who has short clocks asks it. */
export const MUTE = "mute/zero";

/** What a model says: the beginning is common to all, so that one can go on with what another has begun. */
export const textOf = (model: string) => `Asked and answered, then and there, by ${model} alone.`;

/** Faults that leave the answer whole and right. */
export const HARMLESS: ReadonlySet<string | undefined> = new Set([
  undefined,
  "usage-b",
  "usage-c",
  "usage-on-finish",
  "usage-none",
  "no-done",
  "done-open",
  "close-delimited",
  "split-bytes",
  "length",
]);

/** Probabilities, a quarter in all: every way in which a provider fails. */
const FAULTS: [p: number, script: Script][] = [
  [0.02, { fault: "429-ra", retryAfter: 0 }],
  [0.001, { fault: "429-ra", retryAfter: 1 }],
  [0.04, { fault: "503" }],
  [0.01, { fault: "500" }],
  [0.01, { fault: "502-html" }],
  [0.01, { fault: "529" }],
  [0.02, { fault: "reset" }],
  [0.005, { fault: "fin" }],
  [0.01, { fault: "cut", at: 0 }],
  [0.02, { fault: "cut" }],
  [0.015, { fault: "cut-rst" }],
  [0.01, { fault: "close-cut" }],
  [0.01, { fault: "eof" }],
  [0.01, { fault: "err-first" }],
  [0.01, { fault: "err-mid" }],
  [0.01, { fault: "err-body-200" }],
  [0.01, { fault: "empty-content" }],
  [0.005, { fault: "choices-empty" }],
  [0.01, { fault: "400-ctx" }],
  [0.005, { fault: "redirect-307" }],
  [0.005, { fault: "malformed" }],
  [0.002, { fault: "filter-mid" }],
];

const ODD_BUT_RIGHT: [p: number, script: Script][] = [
  [0.03, { fault: "usage-b" }],
  [0.03, { fault: "usage-c" }],
  [0.02, { fault: "usage-on-finish" }],
  [0.03, { fault: "usage-none" }],
  [0.02, { fault: "no-done" }],
  [0.005, { fault: "done-open" }],
  [0.02, { fault: "close-delimited" }],
  [0.01, { fault: "length" }],
];

/** Healthy answers of one model differ in what they cost, in the name they bear and in how long they take. */
const HEALTHY: [p: number, script: Script][] = [
  [0.1, { usage: { completionTokens: 1_001, cost: 0.011 }, provider: "Up One" }],
  [0.1, { usage: { promptTokens: 77, cachedTokens: 5, reasoningTokens: 3 }, model: "another/snapshot-2" }],
  [0.1, { reply: "json", provider: "Up Two" }],
  [0.1, { pace: { headersMs: 900 } }],
  [0.1, { pace: { firstTokenMs: 900 } }],
  [0.05, { pace: { tokenMs: 5 } }],
];

function modelOf(model: string, faulty: number): ModelScript {
  const drawn = [...FAULTS.map(([p, script]) => [p * faulty, script] as const), ...ODD_BUT_RIGHT, ...HEALTHY];
  const left = 1 - drawn.reduce((sum, [p]) => sum + p, 0);
  const all = [...drawn, [left, {}] as const];
  // So that many wait at the provider at once, which would answer quicker than they can ask.
  const spoken = { text: textOf(model), continues: true, pace: { headersMs: 150 } };
  return { either: all.map(([p, script]) => ({ p, script: { ...spoken, ...script } as never })) };
}

export const MODELS: Record<string, ModelScript> = {
  [ALPHA]: modelOf(ALPHA, 1),
  [BETA]: modelOf(BETA, 1),
  [GAMMA]: modelOf(GAMMA, 0.4),
  [MUTE]: {
    either: [
      { p: 0.15, script: { fault: "ttfb-stall" } },
      { p: 0.15, script: { fault: "ttft-stall" } },
      { p: 0.1, script: { fault: "ttft-keepalive" } },
      { p: 0.1, script: { fault: "idle", text: textOf(MUTE) } },
      { p: 0.5, script: { text: textOf(MUTE) } },
    ],
  },
};
