import type { ChatModelOutput } from "@aigne/core";
import type { ChainStream } from "../answer-stream.js";
import { ArrivalIterator, soonOf } from "../arrivals.js";
import type { AuditRecord } from "../record.js";
import type { Part } from "../types.js";
import type { Delta, DeltaList } from "./delta-list.js";
import type { Deltas } from "./deltas.js";

/** The chain's stream as AIGNE's deltas; pulled, so that a reader who stops reading slows the upstream down. */
export class DeltaSource {
  readonly #stream: ChainStream;
  readonly #batches: AsyncIterator<readonly Part[]>;
  readonly #arrivals: ArrivalIterator<readonly Part[]> | undefined;
  readonly #deltas: Deltas;
  #soon: Promise<void> | undefined;

  constructor(stream: ChainStream, deltas: Deltas) {
    this.#stream = stream;
    this.#batches = stream.batches();
    this.#arrivals = ArrivalIterator.of(this.#batches);
    this.#deltas = deltas;
  }

  get record(): Promise<AuditRecord> {
    return this.#stream.record;
  }

  /** The next deltas, at least one; undefined when there are no more. Rejects as the chain's stream does. */
  async read(): Promise<DeltaList | undefined> {
    // Whoever waits there is the only one who may.
    if (this.#soon) await this.#soon;
    this.#soon = undefined;
    for (;;) {
      const { done, value: parts } = await this.#batches.next();
      if (done) return undefined;
      const finished = parts.at(-1)?.type === "finish";
      const chunks = this.#deltas.push(parts, finished ? await this.#stream.record : undefined);
      if (chunks.length > 0) return chunks;
    }
  }

  /** Resolves when it is worth to ask `arrived`; undefined: only `read` can wait. */
  soon(): Promise<void> | undefined {
    this.#soon ??= this.#arrivals && soonOf(this.#arrivals);
    return this.#soon;
  }

  /** Deltas that have come; undefined: `read` has to tell. */
  arrived(): DeltaList | undefined {
    this.#soon = undefined;
    const parts = this.#arrivals?.arrived();
    const deltas = parts && this.#deltas.push(parts);
    return deltas && deltas.length > 0 ? deltas : undefined;
  }

  /** What all deltas so far come to. */
  output(): Partial<ChatModelOutput> {
    return this.#deltas.output();
  }

  /** What was read is being taken. */
  stillRead(): void {
    this.#stream.stillRead();
  }

  /** Delta by delta. */
  deltas(): ReadableStream<Delta> {
    let held: Iterator<Delta> | undefined;
    return new ReadableStream(
      {
        pull: async (controller) => {
          for (;;) {
            const next = held?.next();
            if (next && !next.done) {
              this.stillRead();
              return controller.enqueue(next.value);
            }
            held = (await this.read())?.[Symbol.iterator]();
            if (!held) return controller.close();
          }
        },
        cancel: () => this.cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  cancel(): void {
    this.#stream.cancel();
  }
}
