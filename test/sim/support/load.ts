const SECOND = 1_000;

/** Events per second of virtual time. */
export class Load {
  readonly #counts: number[] = [];

  add(now: number): void {
    const second = Math.floor(now / SECOND);
    while (this.#counts.length <= second) this.#counts.push(0);
    this.#counts[second]!++;
  }

  /** Events per second, from one whole second to another. */
  mean(fromMs: number, toMs: number): number {
    let sum = 0;
    for (let second = fromMs / SECOND; second < toMs / SECOND; second++) sum += this.#counts[second] ?? 0;
    return (sum * SECOND) / (toMs - fromMs);
  }

  /** The highest mean of any window that begins with a whole second. */
  peak(windowMs: number, untilMs: number): number {
    let peak = 0;
    for (let at = 0; at + windowMs <= untilMs; at += SECOND)
      peak = Math.max(peak, this.mean(at, at + windowMs));
    return peak;
  }

  /**
   * The earliest whole second, from `fromMs` on, after which every window of `windowMs` until `untilMs` is within
   * `tolerance` of `baseline`; Infinity when the last one is not.
   */
  settledMs(
    baseline: number,
    { fromMs, untilMs, windowMs, tolerance }: Record<"fromMs" | "untilMs" | "windowMs" | "tolerance", number>,
  ): number {
    let settled = Number.POSITIVE_INFINITY;
    for (let at = untilMs - windowMs; at >= fromMs; at -= SECOND) {
      if (Math.abs(this.mean(at, at + windowMs) - baseline) > tolerance * baseline) break;
      settled = at;
    }
    return settled;
  }
}
