const SAMPLES = 256;

/** Quantiles of the last 256 samples. */
export class Quantiles {
  readonly #ring: number[] = [];
  #next = 0;
  #sorted: number[] | undefined;

  get size(): number {
    return this.#ring.length;
  }

  add(value: number): void {
    this.#ring[this.#next] = value;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#sorted = undefined;
  }

  /** `q` from 0 to 1, nearest rank; undefined without samples. */
  at(q: number): number | undefined {
    if (this.#ring.length === 0) return undefined;
    this.#sorted ??= this.#ring.toSorted((a, b) => a - b);
    const rank = Math.ceil(q * this.#sorted.length) - 1;
    return this.#sorted[Math.max(0, Math.min(rank, this.#sorted.length - 1))];
  }
}
