import { SignalError } from "../../../src/errors.js";
import type { Price } from "../../../src/model-facts.js";
import { inputTokens } from "../../../src/tokens.js";
import type { Clock, OpenContext, Provider, ProviderPart, WireRequest } from "../../../src/types.js";
import { arriving } from "../../support/arriving.js";
import type { Act } from "./acts.js";
import { MODELS, type Scenario } from "./scenario.js";
import { headOf, keyOf, stepsOf } from "./script.js";

/** One request as its provider saw it. */
export interface Seen {
  /** In all of the run; what the model says is marked with it. */
  readonly tag: string;
  readonly callId: string;
  /** Number of the attempt, from its id. */
  readonly n: number;
  readonly provider: string;
  readonly account: string;
  readonly request: WireRequest;
  readonly act: Act;
  readonly at: number;
  /** Of all openings and endings in a run, so that those of one moment have an order. */
  readonly opened: number;
  /** Infinity: it has not ended. */
  ended: number;
  endedAt?: number;
  /** There is a stream that nobody has read to its end, or closed. */
  held: boolean;
  /** The text that was to be continued. */
  readonly prefix: string | undefined;
  /** What a reader may have been shown when all that was said has arrived. */
  text: string;
}

export const isOpen = ({ ended }: Seen) => ended === Number.POSITIVE_INFINITY;

/** A deaf provider does not hear that it is called away; it must not wait for ever. */
const DEAF_MS = 200_000;

/** The providers of a run. */
export class Stage {
  readonly providers: readonly Provider[];
  readonly seen: Seen[] = [];
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #onOpen: (seen: Seen) => void;
  readonly #prices: (seen: Seen) => Price[];
  readonly #used = new Map<string, number>();
  #events = 0;

  constructor(
    scenario: Scenario,
    clock: Clock,
    hooks: { onOpen: (seen: Seen) => void; prices: (seen: Seen) => Price[] },
  ) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#onOpen = hooks.onOpen;
    this.#prices = hooks.prices;
    this.providers = scenario.providers.map(({ account, tools, prefill, deaf, arrives }, i) => {
      const name = `p${i}`;
      const key = keyOf(`account-${account}`);
      return {
        name,
        account: `account-${account}`,
        supports: { usageInStream: true, tools, jsonSchema: true, prefill, openRouterKeys: true },
        redact: (text) => text.replaceAll(key, "[key]"),
        open: async (request, context) => {
          const read = await this.#open({ name, account: `account-${account}`, deaf }, request, context);
          return arrives ? arriving(read) : read;
        },
      };
    });
  }

  get open(): Seen[] {
    return this.seen.filter(isOpen);
  }

  async #open(
    { name, account, deaf }: { name: string; account: string; deaf: boolean },
    request: WireRequest,
    { signal, attemptId, onHeaders }: OpenContext,
  ) {
    const acts = this.#scenario.acts[MODELS.indexOf(request.model)]!;
    const used = this.#used.get(request.model) ?? 0;
    this.#used.set(request.model, used + 1);
    const cut = attemptId.lastIndexOf("-");
    const last = request.messages.at(-1)!;
    const seen: Seen = {
      tag: `req${String(this.seen.length).padStart(4, "0")}`,
      callId: attemptId.slice(0, cut),
      n: Number(attemptId.slice(cut + 1)),
      provider: name,
      account,
      request,
      act: acts[Math.min(used, acts.length - 1)]!,
      at: this.#clock.now(),
      opened: ++this.#events,
      ended: Number.POSITIVE_INFINITY,
      held: false,
      prefix: last.role === "assistant" ? String(last.content) : undefined,
      text: "",
    };
    this.seen.push(seen);
    this.#onOpen(seen);
    let wake = () => {};
    const close = () => {
      if (seen.ended === Number.POSITIVE_INFINITY) {
        seen.endedAt = this.#clock.now();
        seen.ended = ++this.#events;
      }
      signal.removeEventListener("abort", close);
      if (!deaf) wake();
    };
    signal.addEventListener("abort", close, { once: true });
    const sleep = async (ms: number) => {
      if (ms === 0 || (!isOpen(seen) && !deaf)) return;
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimeout(resolve, deaf ? Math.min(ms, DEAF_MS) : ms);
        wake = () => {
          this.#clock.clearTimeout(timer);
          resolve();
        };
      });
    };
    const aborted = () => new SignalError({ kind: "aborted" });

    const { act } = seen;
    await sleep(act.headMs);
    if (signal.aborted && !deaf) throw aborted();
    const head = headOf(seen);
    if (head) {
      if (head.kind === "http") onHeaders({ status: head.status });
      close();
      throw new SignalError(head);
    }
    onHeaders({ status: 200 });
    const steps = stepsOf(seen, { room: this.#room(request), prices: this.#prices(seen) });
    seen.held = true;
    const iterator = {
      next: async (): Promise<IteratorResult<readonly ProviderPart[]>> => {
        for (let step = steps.shift(); step !== undefined && (isOpen(seen) || deaf); step = steps.shift()) {
          if (typeof step === "number") await sleep(step);
          else if (typeof step === "function") step();
          else if ("kind" in step) {
            seen.held = false;
            close();
            throw new SignalError(step);
          } else return { done: false, value: step };
        }
        seen.held = false;
        if (signal.aborted) throw aborted();
        close();
        return { done: true, value: undefined };
      },
      return: async (): Promise<IteratorResult<readonly ProviderPart[]>> => {
        seen.held = false;
        close();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Tokens that an answer may have: a model keeps to max_tokens and to its window. */
  #room({ model, messages, max_tokens: asked }: WireRequest): number {
    const windows = this.#scenario.targets
      .filter((each) => MODELS[each.model] === model)
      .map(({ contextWindow }) => contextWindow ?? Number.POSITIVE_INFINITY);
    const window = Math.min(...windows) - inputTokens({ messages });
    return Math.max(1, Math.min(asked ?? Number.POSITIVE_INFINITY, window));
  }
}
