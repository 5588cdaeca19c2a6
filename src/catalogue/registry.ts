import type { CatalogueSource, ModelFacts } from "../model-facts.js";
import type { Clock } from "../types.js";
import { Catalogue, type RefreshOptions } from "./catalogue.js";

/** Lists that one process shares. One more, and the one that nobody holds or was not taken for longest is shared no more. */
const MAX_URLS = 100;

export interface CatalogueOptions extends Omit<RefreshOptions, "load"> {
  /** Default: the provider's. Asked through the provider's transport, without a key. */
  url?: string | undefined;
}

/** One chain's hold of a list of models that it may share with others. */
export interface CatalogueHandle {
  /** undefined while nothing is known of the model. */
  facts(model: string): ModelFacts | undefined;
  /** False while a list is still to come; true also when there is no list to be had. */
  isLoaded(): boolean;
  /** Begins a load in the background when the copy is missing or stale. Never throws. */
  refresh(): void;
  /** Refreshes, and resolves when that has ended, well or not. */
  loaded(): Promise<void>;
  /** To be called once it is no longer needed: the last holder's release aborts a load under way. */
  release(): void;
}

interface Entry {
  catalogue: Catalogue;
  holders: number;
}

/** By clock, since a copy is fresh by a clock; nearly always it is the system's. Oldest use first. */
const registries = new WeakMap<Clock, Map<string, Entry>>();

/** @param source also gives the URL, which may be another one at each use */
export function catalogueOf(
  source: CatalogueSource,
  options: CatalogueOptions,
  clock: Clock,
): CatalogueHandle {
  let held: { url: string; entry: Entry } | undefined;
  let released = false;
  const letGo = () => {
    if (held && --held.entry.holders === 0) held.entry.catalogue.abort();
    held = undefined;
  };
  const current = (): Catalogue | undefined => {
    const url = released ? undefined : urlOf(source, options);
    if (url === undefined) return undefined;
    if (held?.url !== url) {
      letGo();
      held = { url, entry: hold(url, clock) };
    }
    return held.entry.catalogue;
  };
  const load: CatalogueSource["load"] = (url, init) => source.load(url, init);
  const refresh = () => {
    const catalogue = current();
    catalogue?.refresh({ load, refreshMs: options.refreshMs, logger: options.logger });
    return catalogue;
  };
  return {
    facts: (model) => current()?.facts(model),
    isLoaded: () => current()?.isLoaded ?? true,
    refresh: () => void refresh(),
    loaded: async () => refresh()?.loaded(),
    release() {
      released = true;
      letGo();
    },
  };
}

function urlOf(source: CatalogueSource, { url }: CatalogueOptions): string | undefined {
  try {
    return url ?? source.url;
  } catch {
    // Whoever sends a request to that provider will say what is wrong with its address.
    return undefined;
  }
}

function hold(url: string, clock: Clock): Entry {
  const registry = registries.get(clock) ?? new Map<string, Entry>();
  registries.set(clock, registry);
  const entry = registry.get(url) ?? { catalogue: new Catalogue(url, clock), holders: 0 };
  entry.holders++;
  registry.delete(url);
  registry.set(url, entry);
  if (registry.size > MAX_URLS) {
    const [oldest] = registry.keys();
    const unheld = [...registry].find(([, { holders }]) => holders === 0)?.[0];
    registry.delete(unheld ?? (oldest as string));
  }
  return entry;
}
