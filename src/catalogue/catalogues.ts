import { AsyncResource } from "node:async_hooks";
import type { Logger } from "../logger.js";
import type { ModelFacts } from "../model-facts.js";
import type { Clock, Provider, Target } from "../types.js";
import { type CatalogueHandle, catalogueOf } from "./registry.js";

export interface CatalogueOptions {
  /** In place of the provider's own list. */
  url?: string;
  /** Milliseconds after which the list is loaded anew, in place of what its cache headers say. */
  refreshMs?: number;
}

/** "off" turns catalogues off where no option says otherwise: for whoever runs an app behind a wall, and did not write it. */
export const CATALOGUE_ENV = "OPEN_ROUTER_CATALOGUE";

/** The catalogues of a chain's providers, looked at by target. */
export class Catalogues {
  readonly #providers: ReadonlySet<Provider>;
  readonly #options: CatalogueOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** The lists serve all calls: they are loaded in the context of whoever built the chain, not in that of the first call. */
  readonly #builder = new AsyncResource("FallbackChainCatalogues");
  readonly #handles = new Map<Provider, CatalogueHandle>();
  #released = false;

  constructor(
    options: CatalogueOptions | false | undefined,
    targets: readonly Target[],
    clock: Clock,
    logger: Logger,
  ) {
    const off = options === false || (options === undefined && process.env[CATALOGUE_ENV]?.trim() === "off");
    this.#providers = new Set(off ? [] : targets.map(({ provider }) => provider));
    this.#options = options || {};
    this.#clock = clock;
    this.#logger = logger;
  }

  /** What the provider's catalogue says of the model, as far as it has been loaded. */
  facts({ provider, model }: Target): ModelFacts | undefined {
    return this.#handle(provider)?.facts(model);
  }

  /** False while the list that would tell of the target is still to come. */
  isLoaded({ provider }: Target): boolean {
    return this.#handle(provider)?.isLoaded() ?? true;
  }

  /** Sees to it that lists are there and fresh, in the background. Never throws. */
  refresh(): void {
    if (this.#released) return;
    this.#builder.runInAsyncScope(() => {
      for (const provider of this.#providers) this.#handle(provider)?.refresh();
    });
  }

  /** Resolves when the first load of each has ended, well or not. */
  async loaded(): Promise<void> {
    this.refresh();
    await Promise.all([...this.#handles.values()].map((handle) => handle.loaded()));
  }

  /** Ends loads under way that nobody else waits for. */
  release(): void {
    this.#released = true;
    for (const handle of this.#handles.values()) handle.release();
    this.#handles.clear();
  }

  /** Made late: the address may hang on an environment that is not there yet at construction. */
  #handle(provider: Provider): CatalogueHandle | undefined {
    const made = this.#handles.get(provider);
    if (made || this.#released || !this.#providers.has(provider)) return made;
    try {
      if (!provider.catalogue) return undefined;
      const handle = catalogueOf(provider.catalogue, { ...this.#options, logger: this.#logger }, this.#clock);
      this.#handles.set(provider, handle);
      return handle;
    } catch {
      // A provider that cannot say its address says so when it is asked for an answer.
      return undefined;
    }
  }
}
