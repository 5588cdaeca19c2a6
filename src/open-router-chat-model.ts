import { setImmediate as turnOfEventLoop } from "node:timers/promises";
import {
  type AgentInvokeOptions,
  type AgentProcessResult,
  type AgentResponse,
  type AgentResponseStream,
  ChatModel,
  type ChatModelInput,
  type ChatModelOptions,
  type ChatModelOutput,
} from "@aigne/core";
import type { OpenAI } from "openai";
import type { SafeParseReturnType } from "zod";
import { type AgentParts, directlyInvocable } from "./aigne/agent-parts.js";
import { chainOptions, DEFAULT_CHAT_MODEL, targetPath } from "./aigne/chain-options.js";
import { DeltaSource } from "./aigne/delta-source.js";
import { Deltas } from "./aigne/deltas.js";
import { DEPARTURE, Departure } from "./aigne/departure.js";
import { invokeDirectly } from "./aigne/direct-call.js";
import { callOptionsOf, departureOf } from "./aigne/invocation.js";
import { warnOfOptions } from "./aigne/option-warnings.js";
import { complaintOf } from "./aigne/output.js";
import { PLAIN_INPUT, PLAIN_OUTPUT, withPlainForm } from "./aigne/plain-schema.js";
import { mapInput } from "./aigne/request.js";
import { readableSchema } from "./aigne/schema.js";
import {
  FallbackChain,
  type OpenRouterProvider,
  openRouter,
  type ResilienceOptions,
  type TargetOptions,
} from "./chain.js";
import { OPENROUTER_BASE_URL, OPENROUTER_BASE_URL_ENV, OPENROUTER_KEY_ENV } from "./providers/openrouter.js";

type OpenRouterOptions = NonNullable<Parameters<typeof openRouter>[0]>;

export interface OpenRouterChatModelOptions extends ChatModelOptions, ResilienceOptions {
  /** Default: the environment variable OPEN_ROUTER_API_KEY, read at the first call. */
  apiKey?: string;
  /** Default: the environment variable OPEN_ROUTER_BASE_URL, else https://openrouter.ai/api/v1. */
  baseURL?: string;
  /** Default "openai/gpt-4o". */
  model?: string;
  /** Asked in this order when `model` gives no full answer. */
  fallbackModels?: (string | TargetOptions)[];
  /**
   * Every key reaches the wire, camelCase ones under their wire names, but AIGNE's own: `cacheConfig` and
   * `preferInputFileType`. What is to be cached is marked with `cacheControl` on texts, messages and tools.
   */
  modelOptions?: NonNullable<ChatModelOptions["modelOptions"]>;
  /** Passed to the `openai` client; `maxRetries` and `timeout` have no effect: see `retry` and `timeouts`. */
  clientOptions?: NonNullable<OpenRouterOptions["clientOptions"]>;
}

/** `signal` is ours: AIGNE has no name for it, and hands it on. */
type Invocation = Partial<AgentInvokeOptions> & { signal?: AbortSignal };
type Judgement<T> = SafeParseReturnType<T, T>;
type Input = ChatModelInput & Record<string, unknown>;

/**
 * The AIGNE chat model for OpenRouter whose fallback works. A call ends in a full answer of one model, or in a
 * FallbackChainError that lists every attempt.
 *
 * Options that are neither ours nor AIGNE's pass, since subclasses have their own; one that looks like a misspelt one
 * of ours is named in a process warning, once.
 *
 * @throws OptionsError at construction, naming the option and its value.
 */
export class OpenRouterChatModel extends ChatModel {
  // Redeclared without a value: a class field would wipe out what the constructor of ChatModel has set.
  declare options?: OpenRouterChatModelOptions;
  readonly #provider: OpenRouterProvider;
  readonly #chain: FallbackChain;
  readonly #refusals = new WeakMap<AgentInvokeOptions, unknown>();
  #inputSchema: ChatModel["inputSchema"] | undefined;
  #outputSchema: ChatModel["outputSchema"] | undefined;

  constructor(options: OpenRouterChatModelOptions = {}) {
    // The chain owns retries; AIGNE's own would multiply them, unless the user asks for that.
    super({ ...options, retryOnError: options.retryOnError ?? false });
    this.options = options;
    // Agent takes the option for a ChatModel of its own, and would hand the bare name to its guide rails.
    delete this.model;
    warnOfOptions(options);
    const { apiKey, baseURL, clientOptions } = options;
    this.#provider = openRouter({
      apiKey,
      baseURL,
      clientOptions,
      apiKeyEnv: () => this.apiKeyEnvName,
    });
    this.#chain = new FallbackChain(chainOptions(options, this.#provider), { targetPath });
  }

  // AIGNE makes both anew at each look, and looks twice in each call; they are what its constructor was given.
  override get inputSchema() {
    this.#inputSchema ??= withPlainForm(super.inputSchema, PLAIN_INPUT);
    return this.#inputSchema;
  }

  override get outputSchema() {
    this.#outputSchema ??= withPlainForm(super.outputSchema, PLAIN_OUTPUT);
    return this.#outputSchema;
  }

  /** The environment variable that holds the key; a subclass may name its own. */
  protected apiKeyEnvName: string = OPENROUTER_KEY_ENV;

  /** The `openai` client that requests go through. @throws OptionsError without an API key */
  get client(): OpenAI {
    return this.#provider.client;
  }

  /** The chain that answers, for its `health()`, `explain()` and `catalogueLoaded()`. */
  get chain(): FallbackChain {
    return this.#chain;
  }

  get clientOptions(): OpenRouterChatModelOptions["clientOptions"] {
    return this.options?.clientOptions;
  }

  override get credential(): { url: string; apiKey?: string; model: string } {
    const { apiKey = "", baseURL = "", model } = this.options ?? {};
    const key = apiKey || process.env[this.apiKeyEnvName]?.trim();
    return {
      url: baseURL || process.env[OPENROUTER_BASE_URL_ENV]?.trim() || OPENROUTER_BASE_URL,
      ...(key && { apiKey: key }),
      model: model ?? DEFAULT_CHAT_MODEL,
    };
  }

  override invoke(input: Input, options?: Invocation & { streaming?: false }): Promise<ChatModelOutput>;
  override invoke(
    input: Input,
    options: Invocation & { streaming: true },
  ): Promise<AgentResponseStream<ChatModelOutput>>;
  override invoke(input: Input, options?: Invocation): Promise<AgentResponse<ChatModelOutput>>;
  /** `signal` aborts the call; cancelling the returned stream does too, and closes the socket. */
  override async invoke(input: Input, options: Invocation = {}): Promise<AgentResponse<ChatModelOutput>> {
    if (options.streaming && this.#processesItself && directlyInvocable(this))
      return invokeDirectly(this as unknown as AgentParts, input, options, (...call) => this.#open(...call));
    // Whoever calls with the options of another call, such as a hook, has no part in how its caller leaves.
    const departure = options.streaming ? new Departure() : undefined;
    const answer = await super.invoke(input, { ...options, [DEPARTURE]: departure } as Invocation);
    return departure && answer instanceof ReadableStream ? departure.watch(answer) : answer;
  }

  /** A subclass that has a `process` of its own is to see every delta. */
  get #processesItself(): boolean {
    return this.process === ownProcess;
  }

  override async process(
    input: ChatModelInput,
    options: AgentInvokeOptions,
  ): Promise<AgentProcessResult<ChatModelOutput>> {
    const source = await this.#open(input, options);
    departureOf(options)?.attach(source);
    if (options.streaming || !this.#processesItself) return source.deltas();
    while (await source.read());
    return source.output() as ChatModelOutput;
  }

  async #open(input: ChatModelInput, options: AgentInvokeOptions): Promise<DeltaSource> {
    const constructed = await this.getModelOptions({ ...input, modelOptions: {} }, options);
    const { request, defaults, model } = await mapInput(input, { ...constructed }, (name) =>
      this.normalizeToolName(name),
    );
    if (this.#refusals.has(options)) throw this.#refusals.get(options);
    const call = callOptionsOf(options);
    // A hook that asks for retries whatever happens would spin here for ever, and stop the process.
    if (call.signal.some(({ aborted }) => aborted)) await turnOfEventLoop();
    const streamed = options.streaming === true;
    const stream = this.#chain.stream(request, {
      defaults,
      ...(model !== undefined && { model }),
      gate: streamed ? "content" : "complete",
      streamed,
      check: (answer) =>
        complaintOf(
          answer,
          input,
          (schema, value) => this.validateJsonSchema(schema, value, { safe: true }).success,
        ),
      ...call,
    });
    const json = input.responseFormat?.type === "json_schema";
    return new DeltaSource(stream, new Deltas({ json }));
  }

  // ChatModel awaits neither this check nor the two below: what they throw would be a rejection without a reader, which
  // ends a Node process, and the request would be sent all the same.
  protected override checkAgentInvokesUsage(options: AgentInvokeOptions): void {
    try {
      super.checkAgentInvokesUsage(options);
    } catch (error) {
      this.#refusals.set(options, error);
    }
  }

  protected override async preprocess(input: ChatModelInput, options: AgentInvokeOptions): Promise<void> {
    this.#refuseWhenTimedOut(options);
    await super.preprocess(input, options);
  }

  protected override async postprocess(
    input: ChatModelInput,
    output: ChatModelOutput,
    options: AgentInvokeOptions,
  ): Promise<void> {
    this.#refuseWhenTimedOut(options);
    await super.postprocess(input, output, options);
  }

  #refuseWhenTimedOut({ context }: AgentInvokeOptions): void {
    if (context.status === "timeout") throw new Error(`AIGNE for agent ${this.name} has timed out`);
  }

  protected override validateJsonSchema<T>(schema: object, data: T, options?: { safe?: false }): T;
  protected override validateJsonSchema<T>(schema: object, data: T, options: { safe: true }): Judgement<T>;
  protected override validateJsonSchema<T>(
    schema: object,
    data: T,
    options?: { safe?: boolean },
  ): T | Judgement<T> {
    return super.validateJsonSchema(readableSchema({ ...schema }), data, options);
  }

  /** Lets running calls end within 5 s, aborts the rest, and flushes the audit sinks. */
  override async shutdown(): Promise<void> {
    await super.shutdown();
    await this.#chain.close();
  }
}

/** As it is here, whatever is put in its place later. */
const { process: ownProcess } = OpenRouterChatModel.prototype;
