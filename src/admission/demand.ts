import { type Capability, missingCapability } from "../capabilities.js";
import { type Fit, fitWindow } from "../context-window.js";
import type { ModelFacts } from "../model-facts.js";
import { likelyCost, worstCost } from "../price.js";
import type { Skip } from "../record.js";
import { askedTokens, leastTokens, wireRequest, withMaxTokens } from "../request.js";
import { imagesIn, inputTokens, MARGIN, roughTokens } from "../tokens.js";
import type { ChatRequest, Target, WireRequest } from "../types.js";

/** Output that a request without max_tokens is reckoned with, where prices are compared. */
const USUAL_OUTPUT = 1_000;

/** What one target would be asked, and what is known of it. */
export interface Demand {
  readonly target: Target;
  readonly request: WireRequest;
  /** Request keys its provider does not support, left out. */
  readonly omitted: readonly string[];
  readonly facts: ModelFacts;
  /** `max_tokens` as the user asked for it. */
  readonly asked: number | undefined;
  /** `max_tokens` as sent, where the window left room for fewer. */
  readonly lowered: number | undefined;
  /** What the request asks for and the model is said to lack. */
  readonly lacks: Capability | undefined;
  /** Why this request is not for this target, whatever else happens. */
  readonly unfit: Pick<Skip, "reason" | "detail"> | undefined;
}

export interface DemandInit {
  request: ChatRequest;
  /** Wire-named body keys of the chain, and of the call. */
  body: Readonly<Record<string, unknown>>;
  defaults?: Readonly<Record<string, unknown>>;
  facts(target: Target): ModelFacts | undefined;
}

/** One call's request in the form each target would get it. Reckoned once for each, when first asked for. */
export class Demands {
  readonly #init: DemandInit;
  readonly #made = new Map<Target, Demand>();
  /** Tokens of the text that is to be continued. */
  #prefix = 0;
  #input: number | undefined;
  #rough: number | undefined;

  constructor(init: DemandInit) {
    this.#init = init;
  }

  of(target: Target): Demand {
    let demand = this.#made.get(target);
    if (!demand) {
      demand = this.#make(target);
      this.#made.set(target, demand);
    }
    return demand;
  }

  /** From now on the request ends with a text of so many tokens that is to be continued. */
  lengthen(tokens: number): void {
    this.#prefix = tokens;
    this.#made.clear();
  }

  /** Tokens of input, estimated. */
  get input(): number {
    this.#input ??= inputTokens(this.#whole);
    return this.#input + this.#prefix;
  }

  /** USD the call is likely to cost at the target; undefined: its price is unknown. */
  likely(target: Target): number | undefined {
    const demand = this.of(target);
    return this.#usd(likelyCost, demand, this.input, Math.min(demand.asked ?? USUAL_OUTPUT, USUAL_OUTPUT));
  }

  /** USD of an attempt that brought `output` tokens and told no usage; undefined: the price is unknown. */
  estimated(demand: Demand, output: number): number | undefined {
    return this.#usd(likelyCost, demand, this.input, output);
  }

  /** USD an attempt may cost at the most, with `output` tokens; undefined: its price is unknown. */
  worst(demand: Demand, output: number): number | undefined {
    return this.#usd(worstCost, demand, Math.ceil(this.input * (1 + MARGIN)), output);
  }

  /** Tokens of output an attempt may bring at the most; Infinity: unknown. */
  mostOutput({ facts, request, lowered }: Demand): number {
    const window = facts.contextWindow ?? Number.POSITIVE_INFINITY;
    const room = window - Math.floor(this.input * (1 - MARGIN));
    const limits = [lowered ?? askedTokens(request), facts.maxOutputTokens, room];
    return Math.max(0, Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY)));
  }

  #usd(
    cost: typeof likelyCost,
    { facts: { price }, request }: Demand,
    input: number,
    output: number,
  ): number | undefined {
    if (!price) return undefined;
    const { n } = request;
    const answers = typeof n === "number" && n > 1 ? n : 1;
    const images = price.image ? price.image * imagesIn(request) : 0;
    return cost({ input, output: output * answers }, price) + images;
  }

  get #whole(): ChatRequest {
    const { body, defaults, request } = this.#init;
    return { ...body, ...defaults, ...request };
  }

  #make(target: Target): Demand {
    const { body } = this.#init;
    const { request, omitted, asked } = wireRequest(target, body, this.#init);
    const known = this.#init.facts(target);
    const facts: ModelFacts = {
      ...known,
      ...(target.contextWindow !== undefined && { contextWindow: target.contextWindow }),
      ...(target.maxOutputTokens !== undefined && { maxOutputTokens: target.maxOutputTokens }),
      ...(target.price && { price: target.price }),
    };
    const fit = this.#fit(request, facts);
    const lowered = fit.fits ? fit.maxTokens : undefined;
    return {
      target,
      request: lowered === undefined ? request : withMaxTokens(request, lowered),
      omitted,
      facts,
      asked,
      lowered,
      lacks: missingCapability(request, facts),
      unfit: fit.fits
        ? undefined
        : { reason: "context_too_small", detail: { window: facts.contextWindow!, needed: fit.needed } },
    };
  }

  #fit(request: WireRequest, { contextWindow: window, maxOutputTokens }: ModelFacts): Fit {
    if (window === undefined || isCompressed(request)) return { fits: true };
    const asked = askedTokens(request);
    this.#rough ??= roughTokens(this.#whole);
    // Nearly every request is far smaller than the window, and need not be looked at twice.
    if (this.#rough + this.#prefix + (asked ?? 0) <= window) return { fits: true };
    const fit = fitWindow({ input: this.input, window, asked, maxOutput: maxOutputTokens });
    const least = leastTokens(request);
    if (fit.fits && fit.maxTokens !== undefined && fit.maxTokens < least) {
      return { fits: false, needed: this.input + least };
    }
    return fit;
  }
}

/** OpenRouter then shortens a prompt that is too long. Source: its guides on message transforms. */
function isCompressed({ transforms, plugins }: WireRequest): boolean {
  if (Array.isArray(transforms) && transforms.length > 0) return true;
  return (
    Array.isArray(plugins) &&
    plugins.some((plugin) => plugin?.id === "context-compression" && plugin.enabled !== false)
  );
}
