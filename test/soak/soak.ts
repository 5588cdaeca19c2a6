import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "../../src/seeded.js";
import { type Machine, machine } from "../bench/machine.js";
import type { End } from "./caller.js";
import { drawFate, promptOf } from "./fates.js";
import { type Leftovers, watchLeftovers } from "./leftovers.js";
import { type Load, type Outcome, run } from "./load.js";
import { inProcessRigs, loopbackRigs, type Rig } from "./rigs.js";

/** What the parent sends on the command line, as JSON. */
export interface Order {
  calls: { inProcess: number; loopback: number };
  seed: number;
  baseURL: string;
  /** Where the result goes. */
  path: string;
}

export interface Part extends Outcome {
  name: "in-process" | "loopback";
  calls: number;
  atOnce: number;
}

export interface Soaked {
  about: Machine;
  seed: number;
  parts: Part[];
  leftovers: Leftovers;
  /** Unix milliseconds: when there was nothing more to do. */
  endedAt: number;
}

/** Of so many calls or more, as far as their number allows: at the end of each a few calls are waited for. */
const ROUND_CALLS = 2_000;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 50;
/** Every fault of the simulator is tried: some end a call, as the promise has it. */
const LOOPBACK_ENDS: readonly End["name"][] = ["stopped", "interrupted"];
/** Idle sockets of the pool close after 4 s. */
const PATIENCE_MS = 8_000;

const order = JSON.parse(process.argv[2] as string) as Order;
const random = seeded(order.seed);
const dir = mkdtempSync(join(tmpdir(), "soak-"));
const about = machine(dir);
const { signal } = new AbortController();
// Node warns of more than ten calls that share a signal.
setMaxListeners(0, signal);
const leftBehind = watchLeftovers(signal, PATIENCE_MS);

async function part(
  name: Part["name"],
  rigs: readonly Rig[],
  load: Pick<Load, "calls" | "atOnce" | "next">,
): Promise<Part> {
  const rounds = Math.max(MIN_ROUNDS, Math.min(MAX_ROUNDS, Math.ceil(load.calls / ROUND_CALLS)));
  const outcome = await run({ ...load, rigs, rounds, shared: signal, random });
  for (const rig of rigs) await rig.close();
  const { calls, atOnce } = load;
  return { name, calls, atOnce, ...outcome };
}

const { calls, baseURL } = order;
const inProcess = await part("in-process", inProcessRigs(join(dir, "in-process"), random), {
  calls: calls.inProcess,
  atOnce: 128,
  next: () => {
    const fate = drawFate(random);
    return { prompt: promptOf(fate), fate: fate.name, ends: fate.ends };
  },
});
const loopback = await part("loopback", loopbackRigs(join(dir, "loopback"), baseURL), {
  calls: calls.loopback,
  atOnce: 64,
  next: () => ({ prompt: "Are you there?", fate: "any", ends: LOOPBACK_ENDS }),
});
const leftovers = await leftBehind();
rmSync(dir, { recursive: true });
const soaked: Soaked = {
  about,
  seed: order.seed,
  parts: [inProcess, loopback],
  leftovers,
  endedAt: Date.now(),
};
writeFileSync(order.path, JSON.stringify(soaked));
