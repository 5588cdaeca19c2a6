/** Figures fade with this time constant, so that what was an hour ago does not count. */
const FADE_MS = 60_000;

/** A moving average in which both newer and denser samples count for more. */
export class FadingAverage {
  #sum = 0;
  #weight = 0;
  #at = 0;

  add(value: number, now: number): void {
    const kept = this.#kept(now);
    this.#sum = this.#sum * kept + value;
    this.#weight = this.#weight * kept + 1;
    this.#at = now;
  }

  /** `prior`: samples of that value which never fade, so that an old impression gives way to it. */
  value(now: number, prior?: { value: number; weight: number }): number | undefined {
    const kept = this.#kept(now);
    const weight = this.#weight * kept + (prior?.weight ?? 0);
    if (weight === 0) return undefined;
    return (this.#sum * kept + (prior ? prior.value * prior.weight : 0)) / weight;
  }

  #kept(now: number): number {
    return Math.exp(-Math.max(0, now - this.#at) / FADE_MS);
  }
}
