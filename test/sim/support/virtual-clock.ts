import type { Clock } from "../../../src/chain.js";
import { type Timer, TimerHeap } from "./timer-heap.js";

/** Timers fired per turn of the event loop: a turn costs a system call, an immediate within one does not. */
const BATCH = 256;

/** Unix milliseconds at the start of virtual time: 2026-01-01. */
const EPOCH = 1_767_225_600_000;

/**
 * Time that moves only from timer to timer. Each timer fires in an immediate of its own, because Node runs all
 * microtasks and ticks, however many come from one another, before it goes on to the next immediate: every promise
 * chain is settled before time moves. What waits for real time (I/O, a timer of Node's own) cannot be waited for so;
 * when such code comes back to this clock while it runs, `run` rejects.
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap();
  #now = 0;
  #order = 0;
  #running = false;
  #inTurn = false;
  #stray: Error | undefined;

  // Fields rather than methods, since the engine hands them on without the clock.
  readonly now = (): number => {
    if (this.#running && !this.#inTurn)
      this.#stray ??= new Error("the clock was read by code that had waited for real time");
    return this.#now;
  };
  readonly wall = (): number => EPOCH + this.now();
  readonly setTimeout = (callback: () => void, ms: number): Timer => {
    const timer = { at: this.now() + (ms > 0 ? ms : 0), order: this.#order++, callback, place: -1 };
    this.#timers.add(timer);
    return timer;
  };
  readonly clearTimeout = (timer: unknown): void => {
    if (timer) this.#timers.remove(timer as Timer);
  };

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimeout(resolve, ms);
    });
  }

  /**
   * Fires timers in order until none is left, or until the next is due later than `untilMs`, which is then the time.
   * Rejects with what a callback throws.
   */
  run(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#running) throw new Error("the clock runs already");
    this.#running = true;
    this.#inTurn = true;
    return new Promise((resolve, reject) => {
      let ended = false;
      const end = (settle: () => void) => {
        ended = true;
        this.#running = false;
        settle();
      };
      const step = () => {
        if (ended) return;
        this.#inTurn = true;
        const timer = this.#timers.first;
        if (this.#stray) {
          const stray = this.#stray;
          this.#stray = undefined;
          return end(() => reject(stray));
        }
        if (!timer || timer.at > untilMs) {
          if (Number.isFinite(untilMs)) this.#now = untilMs;
          return end(resolve);
        }
        this.#timers.remove(timer);
        this.#now = timer.at;
        try {
          timer.callback();
        } catch (error) {
          end(() => reject(error));
        }
      };
      const turn = () => {
        this.#inTurn = false;
        if (ended) return;
        for (let i = 0; i < BATCH; i++) setImmediate(step);
        setImmediate(turn);
      };
      setImmediate(turn);
    });
  }
}
