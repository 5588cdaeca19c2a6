import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Contestant, Create } from "./contestants/contestant.js";
import type { Shape } from "./shapes.js";
import { pathOf, textOf } from "./wire.js";

/** What the parent sends on the command line, as JSON. */
export interface Order {
  module: string;
  port: number;
  shape: Shape;
  models: string[];
}

export interface Reading {
  /** µs of CPU time of the whole process, by event or by call. */
  cpuUs: number;
  /** µs by the clock, likewise. */
  wallUs: number;
  /** ms from the call to its first text, one by one; calls that are measured alone. */
  firstMs: number[];
  rssBefore: number;
  rssPeak: number;
}

const { module, port, shape, models } = JSON.parse(process.argv[2] as string) as Order;
const { create } = (await import(pathToFileURL(module).href)) as { create: Create };
const dir = mkdtempSync(join(tmpdir(), "bench-"));
const contestant: Contestant = await create({
  baseURL: `http://127.0.0.1:${port}${pathOf(shape.plan)}`,
  apiKey: "sk-or-v1-bench",
  models,
  dir,
});
const expected = textOf(shape.plan.events);
const firstMs: number[] = [];

async function calls(count: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const began = performance.now();
      let first = 0;
      const text = await contestant.call("Say something.", () => {
        first = performance.now() - began;
      });
      if (text !== expected)
        throw new Error(`a wrong answer: ${text.length} characters in place of ${expected.length}`);
      firstMs.push(first);
    }
  };
  await Promise.all(Array.from({ length: Math.min(shape.atOnce, count) }, lane));
}

await calls(shape.warmUp);
firstMs.length = 0;
const rssBefore = process.memoryUsage.rss();
const cpu = process.cpuUsage();
const began = performance.now();
await calls(shape.calls);
const wall = (performance.now() - began) * 1_000;
const { user, system } = process.cpuUsage(cpu);
const units = shape.calls * (shape.per === "chunk" ? shape.plan.events : 1);
const reading: Reading = {
  cpuUs: (user + system) / units,
  wallUs: wall / units,
  firstMs: shape.atOnce === 1 ? firstMs : [],
  rssBefore,
  rssPeak: process.resourceUsage().maxRSS * 1_024,
};
process.send?.(reading);
await contestant.close?.();
rmSync(dir, { recursive: true, force: true });
process.exit();
