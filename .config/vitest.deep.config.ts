import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

const { SIM_RUNS = "100000", SIM_CALLS = "1000000", EVIDENCE_CALLS = "100000" } = process.env;

/** Properties and simulations at length, and records beside the simulator's own log. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/sim/**/*.test.ts", "test/wire/evidence.test.ts"],
    env: { ...base.test?.env, SIM_RUNS, SIM_CALLS, EVIDENCE_CALLS },
  },
});
