import type { Logger } from "../logger.js";
import { type CatalogueSource, MAX_CATALOGUE_BYTES, type ModelFacts } from "../model-facts.js";
import type { Clock } from "../types.js";
import { FIRST_HEADERS, Freshness } from "./freshness.js";
import { parseCatalogue } from "./parse.js";

const LOAD_MS = 10_000;
const MIN_BACKOFF_MS = 30_000;
const MAX_BACKOFF_MS = 10 * 60_000;

export interface RefreshOptions {
  load: CatalogueSource["load"];
  /** A copy of that age is stale, whatever its cache headers say. Default: they decide. */
  refreshMs?: number | undefined;
  logger?: Logger | undefined;
}

interface Copy {
  models: ReadonlyMap<string, ModelFacts>;
  /** By the clock's `now()`. */
  loadedAt: number;
  freshness: Freshness | undefined;
}

/**
 * The copy of one list of models. It is loaded in the background, beside the calls that would like to know, and kept when a later
 * load fails.
 */
export class Catalogue {
  readonly #url: string;
  readonly #clock: Clock;
  #copy: Copy | undefined;
  #load: { controller: AbortController; ended: Promise<void> } | undefined;
  #failures = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  get isLoaded(): boolean {
    return this.#copy !== undefined;
  }

  /** Of the model of that id, else of the one it is a variant of; a `:free` variant is another model, at another price. */
  facts(model: string): ModelFacts | undefined {
    const models = this.#copy?.models;
    const exact = models?.get(model);
    if (exact || model.endsWith(":free")) return exact;
    const variant = model.lastIndexOf(":");
    return variant > 0 ? models?.get(model.slice(0, variant)) : undefined;
  }

  /** Begins a load when there is no fresh copy, none is under way, and the last failure is long enough ago. Never throws. */
  refresh(options: RefreshOptions): void {
    if (this.#load || this.#clock.now() < this.#retryAt || this.#isFresh(options.refreshMs)) return;
    const controller = new AbortController();
    // A tick later, since a load that fails at once would be over before it is noted here.
    const ended = Promise.resolve().then(() => this.#run(options, controller));
    this.#load = { controller, ended };
  }

  /** Resolves when the load that is under way has ended, well or not; at once when there is none. */
  async loaded(): Promise<void> {
    await this.#load?.ended;
  }

  /** Ends a load that is under way. */
  abort(): void {
    this.#load?.controller.abort();
    this.#load = undefined;
  }

  #isFresh(refreshMs: number | undefined): boolean {
    if (!this.#copy) return false;
    const { loadedAt, freshness } = this.#copy;
    return this.#clock.now() < loadedAt + (refreshMs ?? freshness?.freshMs ?? 0);
  }

  async #run({ load, logger }: RefreshOptions, controller: AbortController): Promise<void> {
    const { signal } = controller;
    if (signal.aborted) return;
    let late = false;
    const timer = this.#clock.setTimeout(() => {
      late = true;
      controller.abort();
    }, LOAD_MS);
    const headers = this.#copy?.freshness?.headers ?? { ...FIRST_HEADERS };
    try {
      // A load that does not listen to its signal ends all the same.
      const reply = await Promise.race([load(this.#url, { headers, signal }), aborted(signal)]);
      if (signal.aborted) return;
      this.#take(reply);
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted && !late) return;
      const delay = Math.min(MIN_BACKOFF_MS * 2 ** this.#failures++, MAX_BACKOFF_MS);
      this.#retryAt = this.#clock.now() + delay;
      const level = this.#failures === 1 ? "info" : "debug";
      try {
        const reason = late ? `took longer than ${LOAD_MS} ms` : messageOf(error);
        logger?.[level]({ url: shown(this.#url), reason, retryInMs: delay }, "no list of models");
      } catch {
        // Nobody else would catch it: a logger that throws, or an error that cannot be shown, would end the process.
      }
    } finally {
      this.#clock.clearTimeout(timer);
      if (this.#load?.controller === controller) this.#load = undefined;
    }
  }

  /** @throws Error when the reply brings no list */
  #take({ status, headers, body }: Awaited<ReturnType<CatalogueSource["load"]>>): void {
    const loadedAt = this.#clock.now();
    const wall = this.#clock.wall();
    if (status === 304 && this.#copy) {
      const freshness = this.#copy.freshness?.renewed(headers, wall);
      // Without validators the next load brings the whole list.
      this.#copy = { ...this.#copy, freshness, ...(freshness && { loadedAt }) };
      if (!freshness) throw new Error("the server answered 304 for another copy");
      return;
    }
    if (status !== 200) throw new Error(`the server answered ${status}`);
    if (body.length > MAX_CATALOGUE_BYTES) throw new Error("the list is too long");
    const models = parseCatalogue(body);
    if (!models) throw new Error("the server sent no list of models");
    this.#copy = { models, loadedAt, freshness: Freshness.of(this.#url, headers, wall) };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A query may hold a key. */
function shown(url: string): string {
  const { origin, pathname } = URL.canParse(url) ? new URL(url) : { origin: "", pathname: "" };
  return origin + pathname;
}

function messageOf(error: unknown): string {
  return String((error as { message?: unknown } | null)?.message ?? error).slice(0, 200);
}
