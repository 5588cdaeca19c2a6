import type { Target } from "../types.js";

/** The targets a call has not asked yet, in order, and those it has passed over for a reason that may pass. */
export class TargetQueue {
  #left: Target[];
  #passed: Target[] = [];
  readonly #returned: Target[] = [];
  #closed = false;

  constructor(targets: readonly Target[]) {
    this.#left = [...targets];
  }

  /** All that may still be asked. */
  get targets(): readonly Target[] {
    return [...this.#left, ...this.#passed];
  }

  /**
   * The first one without a refusal, taken out; those before it go to `refused`, and are passed over when that says true.
   * Each is asked about once: a moment later the answer may be another.
   */
  take<R>(
    refusal: (target: Target) => R | undefined,
    refused: (target: Target, why: R) => boolean,
  ): Target | undefined {
    for (let target = this.#left.shift(); target; target = this.#left.shift()) {
      const why = refusal(target);
      if (why === undefined) return target;
      if (refused(target, why)) this.pass(target);
    }
    return this.pick((each) => refusal(each) === undefined);
  }

  /** The first one that passes, taken out; the others stay where they are. */
  pick(passes: (target: Target) => boolean): Target | undefined {
    for (const list of [this.#left, this.#passed]) {
      const index = list.findIndex(passes);
      if (index >= 0) return list.splice(index, 1)[0];
    }
    return undefined;
  }

  /** Are there targets that have not been looked at? */
  get hasFresh(): boolean {
    return this.#left.length > 0;
  }

  /** Comes back when all others have been asked; once, lest a call goes round in circles. */
  pass(target: Target): void {
    if (this.#closed || this.#returned.includes(target)) return;
    this.#returned.push(target);
    this.#passed.push(target);
  }

  /** Puts back what was taken and not asked. */
  restore(target: Target): void {
    if (!this.#closed) this.#passed.push(target);
  }

  isPassed(target: Target): boolean {
    return this.#passed.includes(target);
  }

  /** For good: the call has ended, and whoever still looks for a target finds none. */
  clear(): void {
    this.#closed = true;
    this.#left = [];
    this.#passed = [];
  }
}
