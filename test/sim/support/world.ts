import {
  type ChatRequest,
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
} from "../../../src/chain.js";
import type { Gap } from "./arrivals.js";
import { type Random, stream } from "./random.js";
import { type Model, SimulatedProvider } from "./simulated-provider.js";
import { Trace } from "./trace.js";
import { VirtualClock } from "./virtual-clock.js";

/** How one call went. Virtual milliseconds. */
export interface Asked {
  at: number;
  /** A whole answer. */
  ok: boolean;
  /** From the call's start to the first content its reader saw. */
  firstMs?: number;
  ms: number;
}

export interface Traffic {
  calls: number;
  gap: Gap;
  /** Called the moment a call begins, before it does. */
  before?: () => void;
}

/** What a simulation may set; the world sees to the rest. */
export type SimulatedOptions = Omit<
  FallbackChainOptions,
  "targets" | "provider" | "clock" | "random" | "logger" | "audit"
>;

/** Virtual time after the last call's start in which every call must have ended. The engine may tick as long as one has not. */
const PATIENCE_MS = 3_600_000;

const ASK: ChatRequest = { messages: [{ role: "user", content: "Say it." }] };

/** A chain in virtual time with all its chance from one seed. Serves one simulation. */
export class World {
  readonly clock = new VirtualClock();
  readonly trace = new Trace();
  readonly seed: number;
  #provider: SimulatedProvider | undefined;
  #chain: FallbackChain | undefined;

  constructor(seed: number) {
    this.seed = seed;
  }

  random(purpose: string): Random {
    return stream(this.seed, purpose);
  }

  /** Makes the chain: `models` in the order they are asked. */
  chain(models: Readonly<Record<string, Model>>, options: SimulatedOptions = {}): SimulatedProvider {
    const { clock, trace } = this;
    const provider = new SimulatedProvider({ clock, trace, models });
    this.#provider = provider;
    this.#chain = new FallbackChain({
      ...options,
      targets: Object.keys(models),
      provider,
      logger: false,
      clock,
      random: this.random("chain"),
    });
    return provider;
  }

  /**
   * Starts calls one after the other, whether or not earlier ones have ended, and lets time run until all have.
   * Returns the hash of all that happened. Rejects, naming the seed, when a call hangs or leaves something behind.
   */
  async run({ calls, gap, before }: Traffic, note: (asked: Asked) => void): Promise<string> {
    const { clock, trace, seed } = this;
    let begun = 0;
    let ended = 0;
    let failed: unknown;
    let patience: unknown;
    const next = () => {
      const n = begun++;
      before?.();
      this.#ask(n)
        .then((asked) => {
          if (++ended === calls) clock.clearTimeout(patience);
          note(asked);
        })
        .catch((error) => {
          failed ??= error;
        });
      if (begun < calls) clock.setTimeout(next, gap());
      else patience = clock.setTimeout(hang, PATIENCE_MS);
    };
    const hang = () => {
      throw failed ?? new Error(`${calls - ended} calls hang`);
    };
    clock.setTimeout(next, gap());
    try {
      await clock.run();
      if (failed) throw failed;
      const open = this.#provider!.pending;
      if (open > 0) throw new Error(`${open} requests were left open`);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
    return trace.digest();
  }

  async #ask(n: number): Promise<Asked> {
    const { clock, trace } = this;
    const at = clock.now();
    let firstMs: number | undefined;
    let ok = false;
    try {
      for await (const parts of this.#chain!.stream(ASK).batches()) {
        for (const { type } of parts) {
          if (type === "text") firstMs ??= clock.now() - at;
          else if (type === "finish") ok = true;
        }
      }
    } catch (error) {
      if (!FallbackChainError.is(error)) throw error;
    }
    const ms = clock.now() - at;
    trace.note(`= ${n} ${ok} ${firstMs} ${ms}`);
    return { at, ok, ms, ...(firstMs !== undefined && { firstMs }) };
  }
}
