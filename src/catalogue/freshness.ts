import CachePolicy from "http-cache-semantics";

/** A list without cache headers, or with `no-cache`, would be loaded anew at every call. */
const MIN_FRESH_MS = 60_000;
/** A process that lives for weeks should hear of a new price all the same. */
const MAX_FRESH_MS = 24 * 60 * 60 * 1000;

/** Lower-case names. */
export type Headers = Readonly<Record<string, string>>;

/** Headers of a request for something of which there is no copy. */
export const FIRST_HEADERS: Headers = { accept: "application/json" };

/** Is asked once, on arrival, so that time need not pass for it: ours is the engine's clock. */
class Policy extends CachePolicy {
  now(): number {
    return 0;
  }
}

/** What the cache headers of a response say of the copy that is kept of it. */
export class Freshness {
  /** Milliseconds from its arrival on; at least a minute, at most a day. */
  readonly freshMs: number;
  readonly #url: string;
  readonly #validators: Headers;
  readonly #policy: CachePolicy;

  private constructor(url: string, policy: CachePolicy, validators: Headers) {
    this.#url = url;
    this.#policy = policy;
    this.#validators = validators;
    const ms = (policy.maxAge() - policy.age()) * 1000;
    this.freshMs = Math.min(Math.max(ms || 0, MIN_FRESH_MS), MAX_FRESH_MS);
  }

  /** @param wallMs when it came, in Unix milliseconds: its date where the server gave none */
  static of(url: string, headers: Headers, wallMs: number): Freshness {
    const response = { status: 200, headers: { ...arrival(wallMs), ...headers } };
    const policy = new Policy(requestTo(url), response, { shared: false });
    return new Freshness(url, policy, validatorsIn(headers));
  }

  /** That of the same copy after a 304; undefined when the 304 is about another one. */
  renewed(headers: Headers, wallMs: number): Freshness | undefined {
    // Some leave the validators out: we had sent them.
    const response = { status: 304, headers: { ...arrival(wallMs), ...this.#validators, ...headers } };
    const { policy, matches } = this.#policy.revalidatedPolicy(requestTo(this.#url), response);
    return matches ? new Freshness(this.#url, policy, this.#validators) : undefined;
  }

  /** Headers of the next request, with the validators that the server gave. */
  get headers(): Record<string, string> {
    return this.#policy.revalidationHeaders(requestTo(this.#url)) as Record<string, string>;
  }
}

function requestTo(url: string) {
  return { url, method: "GET", headers: { ...FIRST_HEADERS } };
}

/** Without them the library takes the date from a clock of its own, and the age from the response before. */
function arrival(wallMs: number): Headers {
  return { date: new Date(wallMs).toUTCString(), age: "0" };
}

function validatorsIn({ etag, "last-modified": modified }: Headers): Headers {
  return {
    ...(etag !== undefined && { etag }),
    ...(modified !== undefined && { "last-modified": modified }),
  };
}
