import type { Quantiles } from "./report.js";

/** Numbers in the order they came, eight bytes each. */
export class Numbers {
  #values = new Float64Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** A view, valid until the next push. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  quantiles(): Quantiles {
    const sorted = this.values.slice().sort();
    return {
      count: sorted.length,
      p50: rank(sorted, 0.5),
      p90: rank(sorted, 0.9),
      p99: rank(sorted, 0.99),
      max: sorted.at(-1) ?? null,
    };
  }
}

/** The smallest of the sorted values that a share `q` of them does not exceed; null of none. */
export function rank(sorted: Float64Array, q: number): number | null {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}
