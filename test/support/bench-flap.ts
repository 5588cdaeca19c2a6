import type { FallbackChainOptions } from "../../src/chain.js";
import { ANSWER, call, openBench, type Scale, type Scenario, seen } from "./bench-scenario.js";

const healthy = { text: ANSWER, continues: true };

export const FLAP: Scenario = {
  id: "S15",
  title: "Primary flaps",
  does: "503 for 60 s, then well; 20 calls, one every 4 s",
  primary: () => ({ fault: "503" }),
  maxSeconds: 200,
  checks: [],
};

export interface FlapRun {
  calls: number;
  /** Of the calls during the outage, and those among them that got the whole answer. */
  during: number;
  served: number;
  /** Calls that ended without the whole answer. */
  lost: number;
  /** Requests the dead primary saw during the outage. */
  primaryDuring: number;
  /** From the end of the outage to the primary's next answer; undefined when there was none. */
  recoveredMs: number | undefined;
}

/** The defaults, in a world that runs faster by the scale. */
function scaled(scale: Scale): Partial<FallbackChainOptions> {
  const backoff = { minDelayMs: 500 * scale, maxDelayMs: 8_000 * scale };
  return {
    breaker: { windowMs: 10_000 * scale, openMs: 5_000 * scale, maxOpenMs: 20_000 * scale },
    retry: { overloaded: backoff, server_error: backoff },
  };
}

/** The one scenario of the bench that is a sequence: `calls` calls, one every `everyMs`. */
export async function runFlap(scale: Scale, { calls = 20, everyMs = 4_000 } = {}): Promise<FlapRun> {
  const { simulator, chain } = await openBench(FLAP, scale, scaled(scale));
  const startedAt = performance.now();
  const sinceStart = () => performance.now() - startedAt;
  const downMs = 60_000 * scale;
  const startedWall = Date.now();
  const timer = setTimeout(() => simulator.setScript("bench/primary", healthy), downMs);
  const run = { calls, during: 0, served: 0, lost: 0 };
  try {
    const under: Promise<void>[] = [];
    for (let n = 0; n < run.calls; n++) {
      const waitMs = n * everyMs * scale - sinceStart();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      // A call on the very edge belongs to neither side.
      const during = sinceStart() < downMs * 0.99;
      if (during) run.during++;
      under.push(
        call(chain).then(({ complete }) => {
          if (during && complete) run.served++;
          if (!complete) run.lost++;
        }),
      );
    }
    await Promise.all(under);
    const { primary } = seen(simulator);
    const well = primary.find(({ status }) => status === 200);
    return {
      ...run,
      primaryDuring: primary.filter(({ status }) => status === 503).length,
      recoveredMs: well && well.at - startedWall - downMs,
    };
  } finally {
    clearTimeout(timer);
    await chain.close({ timeoutMs: 0 });
    await simulator.close();
  }
}
