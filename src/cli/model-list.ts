import { CATALOGUE_ENV } from "../catalogue/catalogues.js";
import type { FallbackChain } from "../fallback-chain.js";
import { type Logger, silentLogger } from "../logger.js";
import { oneLine } from "./columns.js";
import type { Io } from "./io.js";

/** A list that comes sooner is not worth a word. */
const QUIET_MS = 300;

/** Waits for a chain's list of models, and finds out why there is none. */
export class ModelList {
  /** Options of the chain. */
  readonly options: { catalogue: Record<string, never> | false; logger: Logger };
  readonly #io: Io;
  readonly #url: string;
  #reason: string | undefined;

  constructor(url: string, io: Io) {
    this.#url = url;
    this.#io = io;
    const off = io.env[CATALOGUE_ENV]?.trim() === "off";
    if (off) this.#reason = `${CATALOGUE_ENV} is off`;
    // The chain tells nobody but its logger.
    const info = (fields: { reason?: unknown }, message: string) => {
      if (message === "no list of models") this.#reason = oneLine(String(fields.reason));
    };
    this.options = { catalogue: off ? false : {}, logger: { ...silentLogger, info } as Logger };
  }

  /** Resolves when the list is there, could not be loaded (after 10 s at the latest), or the user will not wait. Never throws. */
  async wait(chain: FallbackChain): Promise<void> {
    const { interrupt, stderr } = this.#io;
    if (interrupt.aborted) return;
    const timer = setTimeout(() => {
      if (stderr.isTTY) stderr.write(`Waiting for the list of models at ${this.#url} …\n`);
    }, QUIET_MS);
    let stop = () => {};
    const interrupted = new Promise<void>((resolve) => {
      stop = resolve;
    });
    interrupt.addEventListener("abort", stop, { once: true });
    try {
      await Promise.race([chain.catalogueLoaded(), interrupted]);
    } finally {
      clearTimeout(timer);
      interrupt.removeEventListener("abort", stop);
    }
  }

  /** What a reader must know when there is no list; undefined: there is one. */
  get trouble(): string | undefined {
    if (this.#reason === undefined) return undefined;
    return `The list of models at ${this.#url} was not loaded (${this.#reason}): what models take, cost and are able to do is unknown here, and nobody can be skipped for it.`;
  }
}
