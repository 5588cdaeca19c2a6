const MOST = 20_000;

/** One copy of what comes again and again: JSON.parse makes a new one each time. */
export class Strings {
  readonly #texts = new Map<string, string>();
  readonly #objects = new Map<string, object>();

  one(text: string): string {
    return known(this.#texts, text, text);
  }

  /** Small and flat ones, which nobody changes. */
  same<T extends object>(object: T): T {
    return known(this.#objects, JSON.stringify(object), object) as T;
  }
}

function known<T>(map: Map<string, T>, key: string, value: T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  // User ids may be without end; those that are in use stay alive without the map.
  if (map.size >= MOST) map.clear();
  map.set(key, value);
  return value;
}
