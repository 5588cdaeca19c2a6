import { admit, type Blemish } from "./admission.js";
import type { Skip } from "./record.js";
import type { Clock, Failure, Target } from "./types.js";

/** The targets a call has not asked yet, and what it has learnt that speaks against them. */
export class TargetQueue {
  readonly #targets: Target[];
  readonly #blemishes: (Blemish & { at: number })[] = [];
  readonly #view: { clock: Clock; deadlineAt: number; needsTools: boolean };
  readonly #onSkip: (skip: Skip) => void;

  constructor(
    targets: readonly Target[],
    view: { clock: Clock; deadlineAt: number; needsTools: boolean },
    onSkip: (skip: Skip) => void,
  ) {
    this.#targets = [...targets];
    this.#view = view;
    this.#onSkip = onSkip;
  }

  /** The next target that may be asked now. */
  next(): Target | undefined {
    for (let target = this.#targets.shift(); target; target = this.#targets.shift()) {
      const skip = this.#refuse(target, this.#blemishes);
      if (!skip) return target;
      this.#onSkip(skip);
    }
    return undefined;
  }

  /** Is there a target that may be asked, `also` taken into account? */
  hasNext(...also: Blemish[]): boolean {
    const blemishes = also.length > 0 ? [...this.#blemishes, ...also] : this.#blemishes;
    return this.#targets.some((target) => !this.#refuse(target, blemishes));
  }

  blame(target: Target, failure: Failure): void {
    this.#blemishes.push({ target, failure, at: this.#view.clock.now() });
  }

  /** Reports those that were not asked because of what had happened. */
  close(): void {
    for (const target of this.#targets.splice(0)) {
      const skip = this.#refuse(target, this.#blemishes);
      if (skip && skip.reason !== "deadline") this.#onSkip(skip);
    }
  }

  /** Milliseconds until the earliest moment a target asked to be left alone until. */
  retryAfterMs(): number | undefined {
    const now = this.#view.clock.now();
    const waits = this.#blemishes.flatMap(({ failure, at }) =>
      failure.retryAfterMs === undefined ? [] : [Math.ceil(Math.max(0, failure.retryAfterMs - (now - at)))],
    );
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  #refuse(target: Target, blemishes: readonly Blemish[]): Skip | undefined {
    const { clock, deadlineAt, needsTools } = this.#view;
    return admit(target, { blemishes, remainingMs: deadlineAt - clock.now(), needsTools });
  }
}
