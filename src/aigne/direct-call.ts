import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type AgentInvokeOptions, AIGNEContext, type ChatModelInput } from "@aigne/core";
import { logger } from "@aigne/core/utils/logger.js";
import { checkArguments } from "@aigne/core/utils/type-utils.js";
import type { AgentParts, Invoked } from "./agent-parts.js";
import type { Delta, DeltaList } from "./delta-list.js";
import type { DeltaSource } from "./delta-source.js";
import { DEPARTURE } from "./departure.js";
import { type Pulled, PulledStream } from "./pulled-stream.js";

type Open = (input: ChatModelInput, options: Invoked) => Promise<DeltaSource>;

/** AIGNE's own, where `retryOnError` names none: milliseconds, and what each wait is longer than the last by. */
const RETRY_MIN_TIMEOUT = 1_000;
const RETRY_FACTOR = 2;

const DONE = { done: true, value: undefined } as const;
const NONE: DeltaList = [];
const noop = () => {};

/**
 * A streamed call as AIGNE's `invoke` makes it, with the same hooks, events, checks and retries in the same order, but
 * without the two web streams and the merge that each delta goes through there.
 */
export async function invokeDirectly(
  agent: AgentParts,
  given: ChatModelInput,
  invocation: Partial<AgentInvokeOptions>,
  open: Open,
): Promise<ReadableStream<Delta>> {
  const options: Invoked = Object.assign({}, invocation, {
    // Whoever calls with the options of another call, such as a hook, has no part in how its caller leaves.
    [DEPARTURE]: undefined,
    context: invocation.context ?? (new AIGNEContext() as Invoked["context"]),
  });
  let input = agent.mergeDefaultInput(given);
  logger.debug("Invoke agent %s started with input: %O", agent.name, input);
  if (!agent.disableEvents) {
    const taskTitle = await agent.renderTaskTitle(input);
    options.context.emit("agentStarted", { agent: agent as never, input, taskTitle: taskTitle as string });
  }
  try {
    const begun = await agent.callHooks("onStart", { input }, options);
    if (begun?.input) input = begun.input;
    Object.assign(options, begun?.options);
    input = checkArguments(`Agent ${agent.name} input`, agent.inputSchema, input) as ChatModelInput;
    await agent.preprocess(input, options);
    agent.checkContextStatus(options);
    return PulledStream.prepared(new DirectCall(agent, input, options, open));
  } catch (error) {
    throw (await agent.processAgentError(input, error, options)).error ?? error;
  }
}

class DirectCall implements Pulled<Delta> {
  #agent: AgentParts;
  #input: ChatModelInput;
  #options: Invoked;
  #open: Open;
  #source: DeltaSource | undefined;
  /** The next deltas, under way or not yet taken. */
  #step: Promise<DeltaList> | undefined;
  #deltas: DeltaList = NONE;
  #taken = 0;
  #retries = 0;
  #cancelled = false;
  #over = false;

  constructor(agent: AgentParts, input: ChatModelInput, options: Invoked, open: Open) {
    this.#agent = agent;
    this.#input = input;
    this.#options = options;
    this.#open = open;
    // At once: hooks are to hear of a call that fails although nobody reads.
    this.#step = this.#advance();
    this.#step.catch(noop);
  }

  async next(): Promise<IteratorResult<Delta, undefined>> {
    while (this.#taken === this.#deltas.length) {
      if (this.#over && !this.#step) return DONE;
      this.#step ??= this.#advance();
      const step = this.#step;
      this.#keep(step, await step);
    }
    return { done: false, value: this.#take() as Delta };
  }

  ready(): Delta | undefined {
    return this.#taken < this.#deltas.length ? this.#take() : undefined;
  }

  soon(): Promise<void> | undefined {
    return this.#step || this.#over ? undefined : this.#source?.soon();
  }

  arrived(): Delta | undefined {
    const deltas = this.#step || this.#taken < this.#deltas.length ? undefined : this.#source?.arrived();
    if (!deltas) return this.ready();
    this.#deltas = deltas;
    this.#taken = 0;
    return this.ready();
  }

  #take(): Delta | undefined {
    // Whoever takes a delta is still there, although the next read is not asked for yet.
    this.#source?.stillRead();
    const delta = this.#deltas.at(this.#taken++);
    // Not until the next read: see docs/decisions/young-and-old.md.
    if (this.#taken === this.#deltas.length) {
      this.#deltas = NONE;
      this.#taken = 0;
    }
    return delta;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#source?.cancel();
    void this.#drain();
  }

  /** Nobody reads any more, and hooks are to hear how it ends. */
  async #drain(): Promise<void> {
    while (!this.#over) {
      this.#step ??= this.#advance();
      const step = this.#step;
      await step.catch(noop);
      if (this.#step === step) this.#step = undefined;
    }
  }

  /** Goes on to the end of a source that has ended without its reader, for whom what comes on the way is kept. */
  async #finish(source: DeltaSource): Promise<void> {
    while (this.#source === source && !this.#over) {
      this.#step ??= this.#advance();
      const step = this.#step;
      const deltas = await step.catch(noop);
      if (!deltas) return;
      this.#keep(step, deltas);
    }
  }

  #keep(step: Promise<DeltaList>, deltas: DeltaList): void {
    if (this.#step !== step) return;
    this.#step = undefined;
    const isEmpty = this.#taken === this.#deltas.length;
    this.#deltas = isEmpty ? deltas : [...[...this.#deltas].slice(this.#taken), ...deltas];
    this.#taken = 0;
    // Behind the first deltas, while the model is at work on the next.
    PulledStream.prepare();
  }

  async #advance(): Promise<DeltaList> {
    for (;;) {
      try {
        const source = this.#source ?? (await this.#begin());
        return (await source.read()) ?? (await this.#judge(source));
      } catch (error) {
        const reset = await this.#failed(error);
        if (reset.length > 0) return reset;
      }
    }
  }

  async #begin(): Promise<DeltaSource> {
    const source = await this.#open(this.#input, this.#options);
    // Before anything is awaited: a reader may leave at any moment.
    this.#source = source;
    if (this.#cancelled) source.cancel();
    // A call that ends while its reader holds still has ended all the same, for hooks and counts.
    void source.record.then(() => this.#finish(source));
    return source;
  }

  /** The answer has come whole: AIGNE checks it, counts it and calls its hooks. */
  async #judge(source: DeltaSource): Promise<DeltaList> {
    const output = source.output();
    const options = Object.assign({}, this.#options, { messages: [] });
    let result: object = await this.#agent.processAgentOutput(this.#input, output, options);
    if (this.#retries > 0) {
      const { $meta } = result as { $meta?: object };
      result = { ...result, $meta: { ...$meta, retries: this.#retries } };
    }
    this.#over = true;
    this.#forget();
    return isDeepStrictEqual(result, output) ? [] : [{ delta: { json: result } }];
  }

  /** What takes back what was shown, when there is to be another answer. @throws what the caller is to get when there is none */
  async #failed(error: unknown): Promise<DeltaList> {
    if (await this.#retriesAfter(error)) return this.#again();
    this.#over = true;
    const { retry, error: other } = await this.#agent.processAgentError(this.#input, error, this.#options);
    if (retry && !this.#cancelled) return this.#again();
    // Of a failure that a hook has asked to retry AIGNE has told nobody else.
    if (retry && !this.#agent.disableEvents)
      this.#options.context.emit("agentFailed", { agent: this.#agent as never, error: error as Error });
    const thrown = other ?? error;
    if (this.#retries > 0) (thrown as Error).message += ` (after ${this.#retries + 1} retries)`;
    this.#forget();
    throw thrown;
  }

  /** By AIGNE's own `retryOnError`, which is off unless a user sets it. */
  async #retriesAfter(error: unknown): Promise<boolean> {
    const { name, retryOnError } = this.#agent;
    if (!retryOnError?.retries || this.#cancelled) return false;
    const { retries, minTimeout = RETRY_MIN_TIMEOUT, factor = RETRY_FACTOR, shouldRetry } = retryOnError;
    if (this.#retries >= retries) return false;
    try {
      if (shouldRetry && !(await shouldRetry(error as Error))) return false;
    } catch (thrown) {
      this.#over = true;
      throw thrown;
    }
    const spread = retryOnError.randomize ? 1 + Math.random() : 1;
    const ms = minTimeout * factor ** this.#retries++ * spread;
    logger.warn(`Agent ${name} attempt ${this.#retries} of ${retries} failed: ${error}. Retrying in ${ms}ms`);
    await sleep(ms);
    return true;
  }

  /** In Node 20 web streams outlive every young collection, and with them all that they lead to. */
  #forget(): void {
    this.#source = undefined;
    this.#input = undefined as never;
    this.#options = undefined as never;
    this.#open = undefined as never;
  }

  /** Another answer takes the place of what was shown. */
  #again(): DeltaList {
    const shown = Object.keys(this.#source?.output() ?? {});
    this.#over = false;
    this.#source = undefined;
    if (shown.length === 0) return [];
    return [{ delta: { json: Object.fromEntries(shown.map((key) => [key, null])) as object } }];
  }
}
