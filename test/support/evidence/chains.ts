import {
  type AuditSink,
  FallbackChain,
  type FallbackChainOptions,
  hedged,
  openAICompatible,
  openRouter,
  type Provider,
  race,
  type TargetOptions,
  weighted,
} from "../../../src/chain.js";
import type { Logger } from "../../../src/logger.js";
import type { KeyFacts } from "../../../src/testing/index.js";
import { ALPHA, BETA, GAMMA, MUTE } from "./models.js";

/** A chain, and which key stands behind each of its targets. */
export interface Rig {
  name: string;
  chain: FallbackChain;
  keys: Map<string, string>;
  continues: boolean;
}

/** Attempts that were handed to a provider. */
export type Opened = Set<string>;

type More = Omit<Partial<FallbackChainOptions>, "targets"> & { models?: [id: string, model: string][] };

const STEADY: Partial<FallbackChainOptions> = { breaker: false, budget: false };

/** Every way to ask; each chain has keys of its own, and so have two targets that share a model. */
const SETTINGS: Record<string, More> = {
  sequential: STEADY,
  continuing: {
    ...STEADY,
    recovery: "continue",
    // One that can be given a beginning comes second, or hardly any call would be continued.
    models: [
      [ALPHA, ALPHA],
      [GAMMA, GAMMA],
      [BETA, BETA],
    ],
  },
  hedged: { breaker: false, strategy: hedged({ afterMs: 800, max: 3 }) },
  racing: { ...STEADY, strategy: race({ max: 2 }) },
  // With breaker and budget as they come.
  weighted: { strategy: weighted({ weights: { [ALPHA]: 2, [BETA]: 1 }, seed: 1 }), recovery: "fail" },
  hurried: { breaker: false, strategy: hedged({ afterMs: 400 }), timeouts: { totalMs: 1_500 } },
  impatient: {
    ...STEADY,
    timeouts: { connectMs: 2_000, firstTokenMs: 2_000, idleMs: 1_000 },
    models: [
      [MUTE, MUTE],
      [GAMMA, GAMMA],
    ],
  },
  "two-keys": {
    ...STEADY,
    models: [
      ["dead", ALPHA],
      ["first", ALPHA],
      ["second", ALPHA],
      ["last", GAMMA],
    ],
  },
};

const ALL: [string, string][] = [ALPHA, BETA, GAMMA].map((model) => [model, model]);
const keyOf = (chain: string, id: string) => `sk-or-v1-${chain}-${id.replace("/", "-")}`;

/** Keys that the provider does not take. */
export const KEYS: Record<string, KeyFacts> = Object.fromEntries(
  Object.entries(SETTINGS).flatMap(([name, { models = ALL }]) =>
    models.map(([id]) => [keyOf(name, id), id === "dead" ? { fault: "401" as const } : {}]),
  ),
);

export function rigs(baseURL: string, opened: Opened, sinks: () => AuditSink[], logger: Logger): Rig[] {
  return Object.entries(SETTINGS).map(([name, { models = ALL, timeouts, ...options }]) => {
    const keys = new Map(models.map(([id]) => [id, keyOf(name, id)]));
    const targets = models.map(([id, model]): TargetOptions => {
      const apiKey = keyOf(name, id);
      const provider =
        model === BETA
          ? openAICompatible({ name: "beta", apiKey, baseURL })
          : openRouter({ apiKey, baseURL });
      return { id, model, provider: signed(provider, opened), price: { input: 5, output: 25 } };
    });
    const chain = new FallbackChain({
      targets,
      audit: sinks(),
      logger,
      random: () => 0,
      timeouts: { consumerMs: 1_000, ...timeouts },
      ...options,
    });
    return { name, chain, keys, continues: options.recovery === "continue" };
  });
}

/** Writes the attempt's id into the request, where the provider's log keeps it: `user` is a key of the format. */
function signed(provider: Provider, opened: Opened): Provider {
  return {
    name: provider.name,
    account: provider.account,
    supports: provider.supports,
    redact: (text) => provider.redact?.(text) ?? text,
    ready: () => provider.ready?.(),
    open(request, context) {
      opened.add(context.attemptId);
      return provider.open({ ...request, user: context.attemptId }, context);
    },
  };
}
