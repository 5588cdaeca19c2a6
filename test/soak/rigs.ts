import { join } from "node:path";
import {
  FallbackChain,
  type FallbackChainOptions,
  hedged,
  journalAudit,
  openRouter,
  type Provider,
  type TargetOptions,
} from "../../src/chain.js";
import { OpenRouterChatModel } from "../../src/index.js";
import { callChain, callModel, type End, textOf, type Wish } from "./caller.js";
import { inProcessFetch, inProcessProvider, MODELS } from "./in-process.js";

/** Something that is called, and how often of 100 calls. */
export interface Rig {
  name: string;
  share: number;
  /** How its calls may end, whatever befalls them. */
  ends?: readonly End["name"][];
  call(wish: Wish): Promise<End>;
  close(): Promise<void>;
}

const API_KEY = "sk-or-v1-soak";
/** Small segments, and only the last of them: what is told of a million calls need not stay on the disk. */
const KEPT = { rotate: { maxBytes: 8_000_000 }, retain: { maxSegments: 2 } };
/** Long enough for a busy machine, short enough for a soak. */
const SHORT = { connectMs: 300, firstTokenMs: 300 };
const DEFAULT = { connectMs: 15_000, firstTokenMs: 30_000 };

/** A target that has lost a race is not asked again by this call, should the winner die after it. */
const LOST_RACES: readonly End["name"][] = ["exhausted"];

type Options = Omit<Partial<FallbackChainOptions>, "targets">;

const journalIn = (dir: string, name: string) =>
  journalAudit({ dir: join(dir, name.replaceAll(" ", "-")), ...KEPT });

/** Closes it, and looks whether its journal has taken everything. */
async function closed(name: string, chain: FallbackChain, close = () => chain.close()): Promise<void> {
  await close();
  if (chain.sinkErrors > 0) throw new Error(`the journal of "${name}" has failed ${chain.sinkErrors} times`);
}

/** Kept and shared, as an instance is meant to be. */
function chainRig(
  dir: string,
  name: string,
  share: number,
  targets: readonly (string | TargetOptions)[],
  options: Options,
): Rig {
  const chain = new FallbackChain({
    targets: [...targets],
    logger: false,
    audit: journalIn(dir, name),
    ...options,
  });
  return { name, share, call: (wish) => callChain(chain, wish), close: () => closed(name, chain) };
}

function modelRig(
  dir: string,
  name: string,
  share: number,
  [model, ...others]: readonly string[],
  options: ConstructorParameters<typeof OpenRouterChatModel>[0],
): Rig {
  const texts = new Set([model as string, ...others].map(textOf));
  const chat = new OpenRouterChatModel({
    apiKey: API_KEY,
    model: model as string,
    fallbackModels: others.map((each) => ({ model: each, timeouts: DEFAULT })),
    logger: false,
    audit: journalIn(dir, name),
    ...options,
  });
  return {
    name,
    share,
    call: (wish) => callModel(chat, texts, wish),
    close: () => closed(name, chat.chain, () => chat.shutdown()),
  };
}

/** A chain for a few calls, then another: as apps do that build one per request. */
function passingRig(name: string, share: number, calls: number, make: () => FallbackChain): Rig {
  const closing = new Set<Promise<void>>();
  let chain = make();
  let left = calls;
  const renew = () => {
    // By default it would abort calls that a busy machine has not ended within 5 s.
    const closed = chain.close({ timeoutMs: 60_000 }).finally(() => closing.delete(closed));
    closing.add(closed);
    chain = make();
    left = calls;
  };
  return {
    name,
    share,
    call(wish) {
      const call = callChain(chain, wish);
      if (--left === 0) renew();
      return call;
    },
    async close() {
      await Promise.all([...closing, chain.close()]);
    },
  };
}

/** Without a socket: at the provider's port, and below the `openai` client. */
export function inProcessRigs(dir: string, random: () => number): Rig[] {
  const provider = inProcessProvider(random);
  const fetch = inProcessFetch(random);
  const byFetch = openRouter({ apiKey: API_KEY, baseURL: "http://in-process.invalid/api/v1", fetch });
  const [first, ...others] = MODELS;
  const targets = [{ model: first, timeouts: SHORT }, ...others];
  const chain = (name: string, share: number, options: Options) =>
    chainRig(dir, name, share, targets, { provider, ...options });
  return [
    chain("chain", 45, {}),
    chain("chain that fails when shown text dies", 5, { recovery: "fail" }),
    // A silent model has nobody to end its silence but the deadline, and by then it is too late to ask another one.
    {
      ...chainRig(dir, "chain in a hurry", 5, MODELS, { provider, timeouts: { totalMs: 600 } }),
      ends: ["deadline", "exhausted"],
    },
    { ...chain("chain that hedges", 5, { strategy: hedged({ afterMs: 1 }) }), ends: LOST_RACES },
    chain("chain over fetch", 20, { provider: byFetch }),
    passingRig("chains for 20 calls each", 10, 20, () => {
      return new FallbackChain({ targets, provider, logger: false });
    }),
    modelRig(dir, "OpenRouterChatModel", 10, MODELS, {
      baseURL: "http://in-process.invalid/api/v1",
      timeouts: SHORT,
      clientOptions: { fetch },
    }),
  ];
}

/** The names under which the simulator has its models: by what may befall them. */
export const SIMULATED = {
  brief: "brief/one",
  keyed: "keyed/one",
  mute: "mute/one",
  second: "brief/two",
  healthy: "healthy/three",
} as const;

/** Over sockets. */
export function loopbackRigs(dir: string, baseURL: string): Rig[] {
  const { brief, keyed, mute, second, healthy } = SIMULATED;
  const at = (apiKey: string): Provider => openRouter({ apiKey, baseURL });
  const provider = at(API_KEY);
  const chain = (name: string, share: number, options: Options) =>
    chainRig(dir, name, share, [brief, second, healthy], { provider, ...options });
  return [
    chain("chain", 30, {}),
    chain("chain without breaker and budget", 20, { breaker: false, budget: false }),
    chain("chain that continues", 5, { recovery: "continue" }),
    chain("chain that fails when shown text dies", 5, { recovery: "fail" }),
    { ...chain("chain that hedges", 10, { strategy: hedged({ afterMs: 10 }) }), ends: LOST_RACES },
    chainRig(
      dir,
      "chain with short clocks",
      5,
      [{ model: mute, timeouts: { ...SHORT, idleMs: 300 } }, second, healthy],
      {
        provider,
      },
    ),
    passingRig("chains for 20 calls each", 10, 20, () => {
      const targets = [keyed, second, healthy].map((model, place) => ({
        model,
        provider: at(`${API_KEY}-${place}`),
      }));
      return new FallbackChain({ targets, logger: false });
    }),
    modelRig(dir, "OpenRouterChatModel", 15, [brief, second, healthy], { baseURL }),
  ];
}
