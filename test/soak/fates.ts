import { type Signal, SignalError } from "../../src/chain.js";
import type { End } from "./caller.js";
import { draw } from "./draw.js";

/** What one model does with one request, before or after it has said a few words. */
export type Deed = "answers" | "is silent" | "breaks" | "dies" | "is empty" | Signal;

/** What befalls one call: what each target does with it. */
export interface Fate {
  name: string;
  /** Of 1 000 calls. */
  share: number;
  /** By the target's place; the last holds for all behind it. */
  deeds: readonly Deed[];
  /** How likely the first deed is at each attempt; else the model answers. */
  chance?: number;
  /** How it may end beside an answer. */
  ends: readonly End["name"][];
}

const http = (status: number, message: string, headers: Record<string, string> = {}): Signal => ({
  kind: "http",
  status,
  headers,
  body: JSON.stringify({ error: { code: status, message } }),
});

const UNAVAILABLE = http(503, "Provider returned error");
const MISSING = http(404, "No endpoints found for this model.");
const LIMITED = http(429, "Rate limit exceeded", { "retry-after-ms": "3" });

const FATES: readonly Fate[] = [
  { name: "healthy", share: 780, deeds: ["answers"], ends: [] },
  { name: "no such model", share: 50, deeds: [MISSING, "answers"], ends: [] },
  { name: "overloaded, perhaps", share: 20, deeds: [UNAVAILABLE, "answers"], chance: 0.5, ends: [] },
  { name: "rate limited, perhaps", share: 30, deeds: [LIMITED, "answers"], chance: 0.5, ends: [] },
  { name: "dies in mid-answer", share: 40, deeds: ["dies", "answers"], ends: ["interrupted"] },
  { name: "two die in mid-answer", share: 10, deeds: ["dies", "dies", "answers"], ends: ["interrupted"] },
  { name: "empty answer", share: 20, deeds: ["is empty", "answers"], ends: [] },
  { name: "broken answer", share: 20, deeds: ["breaks", "answers"], ends: ["interrupted"] },
  { name: "silence", share: 5, deeds: ["is silent", "answers"], ends: ["deadline"] },
  { name: "nobody has the model", share: 15, deeds: [MISSING], ends: ["exhausted"] },
  {
    name: "bad request",
    share: 10,
    deeds: [http(400, "Input must have at least 1 token.")],
    ends: ["stopped"],
  },
];

const byName = new Map(FATES.map((fate) => [fate.name, fate]));
export const drawFate = (random: () => number) => draw(FATES, random);

/** A fate travels in the prompt, so that a transport needs no memory. */
export const promptOf = ({ name }: Fate) => `soak: ${name}.`;

/** What the target at this place does with a request that says so. */
export function deedOf(text: string, place: number, random: () => number): Deed {
  const fate = byName.get(/soak: ([^.]+)\./.exec(text)?.[1] ?? "");
  if (!fate) throw new SignalError({ kind: "aborted", message: "a request without a fate" });
  const deed = fate.deeds[Math.min(place, fate.deeds.length - 1)] as Deed;
  return fate.chance !== undefined && place === 0 && random() >= fate.chance ? "answers" : deed;
}
