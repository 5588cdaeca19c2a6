import type { Clock } from "../../../src/chain.js";
import type { Behaviour, Model } from "./simulated-provider.js";

export interface QueueServerInit {
  clock: Clock;
  /** Requests served at once. */
  slots: number;
  /** Requests that may wait for a slot; one more gets 503. */
  waiting: number;
  /** Draws the time one request takes. */
  serviceMs: () => number;
}

/**
 * A server with a capacity and a queue, first come, first served. It does not notice who has left: a request that its
 * client gave up takes its time all the same, which is what keeps an overload alive.
 */
export class QueueServer {
  readonly #init: QueueServerInit;
  readonly #queue: ((behaviour: Behaviour) => void)[] = [];
  #slots: number;
  #busy = 0;

  constructor(init: QueueServerInit) {
    this.#init = init;
    this.#slots = init.slots;
  }

  /** As many targets as like may share the server. */
  readonly model: Model = (reply) => {
    if (this.#queue.length >= this.#init.waiting) {
      reply({ kind: "status", status: 503, afterMs: 5 });
      return;
    }
    this.#queue.push(reply);
    this.#serve();
  };

  get waiting(): number {
    return this.#queue.length;
  }

  set slots(slots: number) {
    this.#slots = slots;
    this.#serve();
  }

  #serve(): void {
    const { clock, serviceMs } = this.#init;
    while (this.#busy < this.#slots) {
      const reply = this.#queue.shift();
      if (!reply) return;
      this.#busy++;
      clock.setTimeout(() => {
        this.#busy--;
        reply({ kind: "answer", firstMs: 0 });
        this.#serve();
      }, serviceMs());
    }
  }
}
