import { writeFileSync } from "node:fs";
import type { Contestant } from "./contestants/contestant.js";
import { answered, askOf, run, unitsOf, warm } from "./load.js";
import type { Reading } from "./samples.js";
import type { Session, Shape } from "./shapes.js";
import { medianOf } from "./statistics.js";
import { PATH } from "./wire.js";
import { type Workplace, workplace } from "./workplace.js";

/** One client through the shapes of one session, as a server has one for all its calls; every answer is compared. */
export interface LoadOrder {
  module: string;
  port: number;
  session: Session;
  models: string[];
}

/** Bytes of heap after a collection. Twice: what the first one frees may hold on to more. */
function heapHeld(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** From here on the process's highest resident size is counted anew, where the system can do that. */
function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {}
}

/** `last`: no shape follows, so that the heap may be collected. V8 begins with a small young generation again after that. */
async function measure(
  shape: Shape,
  contestant: Contestant,
  last: boolean,
): Promise<Reading[""] | undefined> {
  const { measured, warmUp } = shape;
  const ask = askOf(shape);
  const firstMs: number[] = [];
  const call = async () => {
    const began = performance.now();
    let first = 0;
    await answered(contestant, ask, () => {
      first = performance.now() - began;
    });
    firstMs.push(first);
  };
  await warm(warmUp, call);
  if (measured.calls === 0) return undefined;
  firstMs.length = 0;
  const { rss } = process.memoryUsage();
  forgetPeak();
  const cpu = process.cpuUsage();
  const began = performance.now();
  await run(measured, call);
  const wall = (performance.now() - began) * 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const peak = process.resourceUsage().maxRSS * 1_024;
  const units = unitsOf(shape);
  return {
    cpuUs: (user + system) / units,
    wallUs: wall / units,
    ...(measured.atOnce === 1 && { firstMs: medianOf(firstMs) }),
    rssPeak: peak,
    rssGrowth: peak - rss,
    ...(last && { heapHeld: heapHeld() }),
  };
}

async function work({ module, port, session, models }: LoadOrder, at: Workplace): Promise<Reading> {
  const reading: Reading = {};
  const contestant = await at.contestant(module, { baseURL: `http://127.0.0.1:${port}${PATH}`, models });
  for (const shape of session) {
    const found = await measure(shape, contestant, shape === session.at(-1));
    if (found) reading[shape.name] = found;
  }
  return reading;
}

await workplace(work);
