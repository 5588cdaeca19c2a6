import { type Pulled, PulledStream } from "../../src/aigne/pulled-stream.js";

/** A source that gives what its script says, each value a turn of the event loop after it was asked for. */
export class ScriptedSource implements Pulled<string> {
  /** What was done to it. */
  readonly seen: string[] = [];
  readonly #script: readonly (string | Error)[];
  readonly #cancelError: Error | undefined;
  #given = 0;

  constructor(
    script: readonly (string | Error)[],
    { cancelError }: { cancelError?: Error | undefined } = {},
  ) {
    this.#script = script;
    this.#cancelError = cancelError;
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    this.seen.push(`asked ${this.#given + 1}`);
    const value = this.#script[this.#given++];
    await turn();
    if (value instanceof Error) throw value;
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  async cancel(reason: unknown): Promise<void> {
    this.seen.push(`cancelled: ${String(reason)}`);
    await turn();
    if (this.#cancelError) throw this.#cancelError;
  }
}

/** The kinds of stream that must not differ for whoever reads them. */
export const KINDS: Record<"plain" | "pulled", (source: Pulled<string>) => ReadableStream<string>> = {
  plain: (source) =>
    new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await source.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => source.cancel(reason),
      },
      { highWaterMark: 0 },
    ),
  pulled: (source) => PulledStream.prepared(source),
};

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Long enough for all that is under way. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await turn();
}

/** What a promise came to, as something that can be compared: an error of the source as its message, any other as its kind. */
export async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return { gave: await work() };
  } catch (error) {
    return { threw: error instanceof Error && error.constructor !== Error ? error.name : error };
  }
}
