import type { SimulatedOptions } from "./world.js";

/** One request per target and call. */
export const ONCE: SimulatedOptions = { retry: { server_error: { retries: 0 }, overloaded: { retries: 0 } } };

/** Three retries of whatever may be retried, and nothing that holds them back. */
export const NAIVE: SimulatedOptions = {
  breaker: false,
  budget: false,
  retry: {
    rate_limit: { retries: 3 },
    overloaded: { retries: 3 },
    server_error: { retries: 3 },
    network: { retries: 3 },
    timeout: { retries: 3 },
  },
};

const env = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

/** Calls per simulation and setting: 10⁵ on one Node in CI, 10⁶ for the figures in docs/resilience.md. */
export const CALLS = env("SIM_CALLS", 20_000);
export const SEED = env("SIM_SEED", 1);
