export interface Timer {
  readonly at: number;
  /** Of timers due at the same time, the one set first fires first. */
  readonly order: number;
  readonly callback: () => void;
  /** Place in the heap; −1 when it is not there. */
  place: number;
}

/** Timers by the time they are due. A binary heap that knows every timer's place, since most timers of a call are cleared. */
export class TimerHeap {
  readonly #timers: Timer[] = [];

  get size(): number {
    return this.#timers.length;
  }

  get first(): Timer | undefined {
    return this.#timers[0];
  }

  add(timer: Timer): void {
    this.#timers.push(timer);
    this.#rise(timer, this.#timers.length - 1);
  }

  /** Of no effect on a timer that is not in the heap. */
  remove(timer: Timer): void {
    const { place } = timer;
    if (this.#timers[place] !== timer) return;
    timer.place = -1;
    const last = this.#timers.pop()!;
    if (last === timer) return;
    this.#sink(last, place);
    if (last.place === place) this.#rise(last, place);
  }

  #rise(timer: Timer, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#timers[above]!;
      if (!before(timer, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(timer, place);
  }

  #sink(timer: Timer, from: number): void {
    const timers = this.#timers;
    let place = from;
    for (let below = 2 * place + 1; below < timers.length; below = 2 * place + 1) {
      const right = timers[below + 1];
      if (right && before(right, timers[below]!)) below++;
      const child = timers[below]!;
      if (!before(child, timer)) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(timer, place);
  }

  #put(timer: Timer, place: number): void {
    this.#timers[place] = timer;
    timer.place = place;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
