import type { FallbackChainErrorCode } from "../errors.js";
import type { FallbackChainOptions } from "../options.js";
import type { ModelFacts } from "../testing/catalogue.js";
import type { ModelScript, Script } from "../testing/script.js";

/** What a scene says before it begins. */
export interface Prologue {
  name: string;
  title: string;
  /** What the provider does and what the chain will do. */
  story: string;
  /** Which of the chain's defaults is changed here. */
  note?: string;
  question: string;
}

/** One thing that goes wrong in a call, and what is to come of it. */
export interface Scene extends Prologue {
  models: Record<string, ModelScript>;
  chain: Pick<FallbackChainOptions, "targets" | "timeouts">;
  expected: { answeredBy: string; text: string } | { error: FallbackChainErrorCode };
}

export const GPT = "openai/gpt-4o";
export const CLAUDE = "anthropic/claude-opus-4.7";
const GEMINI = "google/gemini-2.5-pro";
const MISTRAL = "mistralai/mistral-large";

export const CATALOGUE: Record<string, ModelFacts> = {
  [GPT]: { canonicalSlug: "openai/gpt-4o-2024-11-20", contextLength: 128_000 },
  [CLAUDE]: { canonicalSlug: "anthropic/claude-4.7-opus-20260416", contextLength: 200_000 },
  [GEMINI]: { canonicalSlug: GEMINI, contextLength: 1_048_576 },
  [MISTRAL]: { canonicalSlug: "mistralai/mistral-large-2411", contextLength: 131_072 },
};

const QUESTION = "Why is the sky blue?";
const ANSWER =
  "Sunlight holds every colour, and air scatters the short blue waves far more than the long red ones, " +
  "so blue light reaches your eyes from all over the sky.";
const SUMMARY =
  "All twelve reports agree: the outage began with one overloaded region, and every client that " +
  "could ask somewhere else kept working.";

/** Long enough to watch, short enough to wait for. */
const pace = { headersMs: 40, firstTokenMs: 160, tokenMs: 35 };
const says = (text: string): Script => ({ text, pace });

export const SCENES: readonly Scene[] = [
  {
    name: "rate-limit",
    title: "Rate limited",
    story:
      "The first model answers 429 and asks for 30 seconds; the chain does not wait beside a healthy fallback, it asks that one at once.",
    question: QUESTION,
    models: {
      [GPT]: { fault: "429-upstream-pool", retryAfter: 30, pace: { headersMs: 40 } },
      [CLAUDE]: says(ANSWER),
    },
    chain: { targets: [GPT, CLAUDE] },
    expected: { answeredBy: CLAUDE, text: ANSWER },
  },
  {
    name: "silent",
    title: "A model that never begins",
    story:
      "The first model sends 200 and then only keep-alive comments, which no socket timeout ever notices; the chain's first-token clock does, and the fallback answers.",
    note: "firstTokenMs is 1,500 here; its default is 30,000.",
    question: QUESTION,
    models: { [GPT]: { fault: "ttft-keepalive", everyMs: 100 }, [CLAUDE]: says(ANSWER) },
    chain: { targets: [GPT, CLAUDE], timeouts: { firstTokenMs: 1_500 } },
    expected: { answeredBy: CLAUDE, text: ANSWER },
  },
  {
    name: "cut",
    title: "A stream cut in the middle",
    story:
      "The first model's connection breaks in mid-answer; the chain discards the half text, so that no answer is stitched from two models, and the fallback starts over.",
    question: QUESTION,
    models: {
      [GPT]: {
        fault: "cut",
        at: 14,
        text: "The sky looks blue because of Rayleigh scattering: when sunlight meets the air, its molecules do something",
        pace,
      },
      [CLAUDE]: says(ANSWER),
    },
    chain: { targets: [GPT, CLAUDE] },
    expected: { answeredBy: CLAUDE, text: ANSWER },
  },
  {
    name: "context",
    title: "A prompt that is too long",
    story:
      "The prompt is longer than the first model's window; the chain skips the second, whose window is too small as well, and asks the one that can hold it.",
    question: "Summarise these twelve reports.",
    models: {
      [GPT]: { fault: "400-ctx", pace: { headersMs: 40 } },
      [MISTRAL]: says("I am never asked."),
      [GEMINI]: says(SUMMARY),
    },
    chain: {
      targets: [GPT, { model: MISTRAL, contextWindow: 131_072 }, { model: GEMINI, contextWindow: 1_048_576 }],
    },
    expected: { answeredBy: GEMINI, text: SUMMARY },
  },
  {
    name: "down",
    title: "Everything is down",
    story:
      "Every model fails in a way of its own; the chain asks each as often as that makes sense, then ends in one typed error that lists every attempt.",
    question: QUESTION,
    models: {
      [GPT]: { fault: "503", pace: { headersMs: 40 } },
      [CLAUDE]: { fault: "reset", pace: { headersMs: 40 } },
      [GEMINI]: { fault: "429-ra-60", pace: { headersMs: 40 } },
    },
    chain: { targets: [GPT, CLAUDE, GEMINI] },
    expected: { error: "exhausted" },
  },
];

/** Many calls instead of one, and played only when it is asked for. */
export const FLAP = {
  name: "flap",
  title: "A model that goes down and comes back",
  story:
    "Call after call is made while the first model goes down. After five failures in a row its breaker opens: calls go straight to the fallback, and one probe at a time asks whether it is well again, after an open time that doubles. When a probe begins its answer, the breaker closes.",
  note: "openMs is 1,000 here, its default is 5,000.",
  question: QUESTION,
} satisfies Prologue;

export const SCENE_NAMES = [...SCENES, FLAP].map(({ name }) => name);
