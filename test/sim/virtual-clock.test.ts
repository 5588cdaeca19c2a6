import { readFile } from "node:fs/promises";
import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { VirtualClock } from "./support/virtual-clock.js";

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));

async function* countdown(from: number): AsyncGenerator<number> {
  if (from === 0) return;
  yield from;
  yield* countdown(from - 1);
}

it("fires timers as a sorted list does, whatever is set and cleared", async () => {
  const script = fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.record({ set: fc.integer({ min: -1, max: 100 }) }) },
      { weight: 6, arbitrary: fc.record({ clear: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ runMs: fc.nat(10) }) },
    ),
    { size: "max", maxLength: 300 },
  );
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const clock = new VirtualClock();
      const fired: string[] = [];
      const wanted: string[] = [];
      let model: { name: number; at: number }[] = [];
      const handles: unknown[] = [];
      const runTo = async (until: number) => {
        await clock.run(until);
        const due = model.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.name - b.name);
        model = model.filter(({ at }) => at > until);
        wanted.push(...due.map(({ name, at }) => `${name} at ${at}`));
      };
      for (const step of steps) {
        if ("set" in step) {
          const name = handles.length;
          handles.push(clock.setTimeout(() => fired.push(`${name} at ${clock.now()}`), step.set));
          model.push({ name, at: clock.now() + Math.max(0, step.set) });
        } else if ("clear" in step) {
          const cleared = step.clear % Math.max(1, handles.length);
          clock.clearTimeout(handles[cleared]);
          model = model.filter(({ name }) => name !== cleared);
        } else {
          await runTo(clock.now() + step.runMs);
        }
        expect(clock.pending).toBe(model.length);
      }
      await runTo(1_000);
      expect(fired).toEqual(wanted);
      expect(clock.pending).toBe(0);
    }),
  );
});

it("settles promise chains of any length and kind before time moves", async () => {
  const kinds: Record<string, () => Promise<void>> = {
    "promises one behind the other": async () => {
      for (let i = 0; i < 20_000; i++) await undefined;
    },
    "promises within promises": async () => {
      const nest = async (depth: number): Promise<void> => (depth === 0 ? undefined : nest(depth - 1));
      await nest(2_000);
    },
    "generators within generators": async () => {
      let sum = 0;
      for await (const n of countdown(100)) sum += n;
      expect(sum).toBe(5_050);
    },
    "ticks between promises": async () => {
      for (let i = 0; i < 2_000; i++) {
        await tick();
        await undefined;
      }
    },
    rejections: async () => {
      for (let i = 0; i < 2_000; i++) await Promise.reject(new Error()).catch(() => tick());
    },
  };
  for (const [kind, chain] of Object.entries(kinds)) {
    const clock = new VirtualClock();
    // Time is eager to move: something is due a moment later, always.
    const again = () => {
      if (clock.now() < 10) clock.setTimeout(again, 0.001);
    };
    again();
    let settledAt: number | undefined;
    clock.setTimeout(() => {
      void chain().then(() => {
        settledAt = clock.now();
      });
    }, 1);
    let beside: number | undefined;
    clock.setTimeout(() => {
      beside = settledAt;
    }, 1);
    await clock.run();
    expect(settledAt, kind).toBe(1);
    expect(beside, `${kind}, before another timer due at the same time`).toBe(1);
  }
});

it("sees code that has waited for real time", async () => {
  const waits: Record<string, () => Promise<unknown>> = {
    "a timer of Node's": () => sleep(5),
    "a turn of the event loop": () => immediate(),
    "a file": () => readFile(new URL(import.meta.url)),
  };
  for (const [name, wait] of Object.entries(waits)) {
    const clock = new VirtualClock();
    let over = false;
    const again = () => {
      if (!over) clock.setTimeout(again, 1);
    };
    again();
    clock.setTimeout(() => {
      void wait().then(() => {
        clock.now();
        over = true;
      });
    }, 1);
    await expect(clock.run(), name).rejects.toThrow("had waited for real time");
  }
});

it("rejects with what a timer throws", async () => {
  const clock = new VirtualClock();
  clock.setTimeout(() => {
    throw new Error("thrown");
  }, 1);
  await expect(clock.run()).rejects.toThrow("thrown");
});
