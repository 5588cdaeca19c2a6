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
import { answerSource, cancellable } from "./aigne/answer-source.js";
import { Deltas } from "./aigne/deltas.js";
import { CANCELLATION, callOptionsOf } from "./aigne/invocation.js";
import { complaintOf } from "./aigne/output.js";
import { mapInput } from "./aigne/request.js";
import {
  FallbackChain,
  type OpenRouterProvider,
  openRouter,
  type ResilienceOptions,
  type TargetOptions,
} from "./chain.js";

export const DEFAULT_CHAT_MODEL = "openai/gpt-4o";

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
  /** Passed to the `openai` client; `maxRetries` and `timeout` have no effect: see `retry` and `timeouts`. */
  clientOptions?: NonNullable<OpenRouterOptions["clientOptions"]>;
}

type Invocation = Partial<AgentInvokeOptions>;
type Input = ChatModelInput & Record<string, unknown>;

/**
 * The AIGNE chat model for OpenRouter whose fallback works. A call ends in a full answer of one model, or in a
 * FallbackChainError that lists every attempt.
 *
 * @throws OptionsError at construction, naming the option and its value.
 */
export class OpenRouterChatModel extends ChatModel {
  // Redeclared without a value: a class field would wipe out what the constructor of ChatModel has set.
  declare options?: OpenRouterChatModelOptions;
  readonly #provider: OpenRouterProvider;
  readonly #chain: FallbackChain;

  constructor(options: OpenRouterChatModelOptions = {}) {
    // The chain owns retries; AIGNE's own would multiply them, unless the user asks for that.
    super({ ...options, retryOnError: options.retryOnError ?? false });
    this.options = options;
    const { apiKey, baseURL, clientOptions, model = DEFAULT_CHAT_MODEL, fallbackModels = [] } = options;
    warnOfClientOptions(clientOptions);
    this.#provider = openRouter({ apiKey, baseURL, clientOptions });
    const { timeouts, retry, maxRetryAfterMs, strategy, recovery, audit, logger, labels } = options;
    const resilience = { timeouts, retry, maxRetryAfterMs, strategy, recovery, audit, logger, labels };
    this.#chain = new FallbackChain(
      {
        targets: Array.isArray(fallbackModels) ? [model, ...fallbackModels] : [model, fallbackModels],
        provider: this.#provider,
        ...(Object.fromEntries(
          Object.entries(resilience).filter(([, value]) => value !== undefined),
        ) as ResilienceOptions),
      },
      { targetPath: (index) => (index === 0 ? "model" : `fallbackModels[${index - 1}]`) },
    );
  }

  protected readonly apiKeyEnvName = "OPEN_ROUTER_API_KEY";

  /** The `openai` client that requests go through. @throws OptionsError without an API key */
  get client(): OpenAI {
    return this.#provider.client;
  }

  get clientOptions(): OpenRouterChatModelOptions["clientOptions"] {
    return this.options?.clientOptions;
  }

  override get credential(): { url: string; apiKey?: string; model: string } {
    const apiKey = this.options?.apiKey || process.env[this.apiKeyEnvName];
    return {
      url: this.options?.baseURL || process.env.OPEN_ROUTER_BASE_URL || "https://openrouter.ai/api/v1",
      ...(apiKey && { apiKey }),
      model: this.options?.model || DEFAULT_CHAT_MODEL,
    };
  }

  override invoke(input: Input, options?: Invocation & { streaming?: false }): Promise<ChatModelOutput>;
  override invoke(
    input: Input,
    options: Invocation & { streaming: true; signal?: AbortSignal },
  ): Promise<AgentResponseStream<ChatModelOutput>>;
  override invoke(input: Input, options?: Invocation): Promise<AgentResponse<ChatModelOutput>>;
  /** `signal` aborts the call; cancelling the returned stream does too, and closes the socket. */
  override async invoke(input: Input, options: Invocation = {}): Promise<AgentResponse<ChatModelOutput>> {
    if (!options.streaming) return super.invoke(input, options);
    const cancellation = new AbortController();
    const stream = await super.invoke(input, {
      ...options,
      [CANCELLATION]: cancellation.signal,
    } as Invocation & {
      streaming: true;
    });
    return cancellable(stream, () => cancellation.abort());
  }

  override async process(
    input: ChatModelInput,
    options: AgentInvokeOptions,
  ): Promise<AgentProcessResult<ChatModelOutput>> {
    const constructed = await this.getModelOptions({ ...input, modelOptions: {} }, options);
    const { request, defaults, model } = await mapInput(input, { ...constructed }, (name) =>
      this.normalizeToolName(name),
    );
    const streamed = options.streaming === true;
    const stream = this.#chain.stream(request, {
      ...callOptionsOf(options),
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
    });
    return answerSource(stream, new Deltas({ json: input.responseFormat?.type === "json_schema" }));
  }

  /** Lets running calls end within 5 s, aborts the rest, and flushes the audit sinks. */
  override async shutdown(): Promise<void> {
    await super.shutdown();
    await this.#chain.close();
  }
}

function warnOfClientOptions(clientOptions: object | undefined): void {
  const instead: Record<string, string> = { maxRetries: "retry", timeout: "timeouts" };
  for (const [key, option] of Object.entries(instead)) {
    if (clientOptions && key in clientOptions) {
      process.emitWarning(
        `clientOptions.${key} has no effect in OpenRouterChatModel: use the option ${option}`,
      );
    }
  }
}
