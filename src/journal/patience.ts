import { basename } from "node:path";
import type { Clock } from "../types.js";

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1_000;

/** Thrown by `pause` when there is no time left. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";
  /** Of the system's last error. */
  readonly code: string | undefined;

  constructor(cause: unknown) {
    super("given up", { cause });
    this.code = (cause as NodeJS.ErrnoException).code;
  }
}

/** Waits between tries on a disk that takes nothing, longer each time; and tells of a trouble once, not once per try. */
export class Patience {
  readonly #clock: Clock;
  readonly #onTrouble: (error: Error) => void;
  #inTrouble = false;
  #pauseMs = FIRST_PAUSE_MS;
  #giveUpAt = Number.POSITIVE_INFINITY;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, onTrouble: (error: Error) => void) {
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  /** It works again. */
  calm(): void {
    this.#inTrouble = false;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** Tries once more, and then until so many ms have passed since the first call. */
  end(ms: number): void {
    this.#giveUpAt = Math.min(this.#giveUpAt, this.#clock.now() + ms);
    this.#wake?.();
  }

  /** False when there is no time left. */
  wait(error: unknown): Promise<boolean> {
    return this.pause(error).then(
      () => true,
      () => false,
    );
  }

  /** @throws GivenUp */
  async pause(error: unknown): Promise<void> {
    if (!this.#inTrouble) this.#onTrouble(trouble("cannot be written", error));
    this.#inTrouble = true;
    const left = this.#giveUpAt - this.#clock.now();
    if (left <= 0) throw new GivenUp(error);
    const ms = Math.max(1, Math.min(this.#pauseMs, LAST_PAUSE_MS, left));
    this.#pauseMs *= 2;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, ms);
      // A journal that cannot be written must not keep a process from ending.
      (timer as { unref?: () => void } | undefined)?.unref?.();
      this.#wake = () => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** What went wrong with the journal, for whoever reads the log: no path but a file's name. */
export function trouble(what: string, error: unknown): Error {
  const { code, path } = error as NodeJS.ErrnoException;
  const where = path === undefined ? "" : ` (${basename(path)})`;
  return new Error(`the journal ${what}: ${code ?? String(error).slice(0, 200)}${where}`, { cause: error });
}
