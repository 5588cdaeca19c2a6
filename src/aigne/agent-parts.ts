import { createHash } from "node:crypto";
import {
  type AgentHooks,
  type AgentInvokeOptions,
  ChatModel,
  type ChatModelInput,
  type ChatModelOutput,
} from "@aigne/core";

/** An invocation that AIGNE has completed with a context. */
export type Invoked = AgentInvokeOptions & Record<string | symbol, unknown>;

/** What AIGNE's `invoke` asks of an agent, some of it private by its types. `directlyInvocable` tells whether it is there. */
export interface AgentParts {
  readonly name: string;
  readonly inputSchema: ChatModel["inputSchema"];
  readonly retryOnError: ChatModel["retryOnError"];
  readonly disableEvents?: boolean | undefined;
  mergeDefaultInput(input: ChatModelInput): ChatModelInput;
  renderTaskTitle(input: ChatModelInput): Promise<string | undefined>;
  callHooks(
    hook: keyof AgentHooks,
    about: { input: ChatModelInput },
    options: Invoked,
  ): Promise<{ input?: ChatModelInput; options?: object } | undefined>;
  preprocess(input: ChatModelInput, options: Invoked): Promise<void>;
  checkContextStatus(options: Invoked): void;
  processAgentOutput(input: ChatModelInput, output: object, options: Invoked): Promise<ChatModelOutput>;
  processAgentError(
    input: ChatModelInput,
    error: unknown,
    options: Invoked,
  ): Promise<{ retry?: boolean; error?: Error }>;
}

/** The functions of AIGNE that `invokeDirectly` stands in for. */
const REPLACED = ["invoke", "processStreamingAndRetry"] as const;
type Replaced = Record<(typeof REPLACED)[number], unknown>;
/** What a subclass may have put in the place of AIGNE's, and ours does not ask for. */
const PASSED = ["processStreamingAndRetry", "newDefaultContext", "checkResponseByGuideRails"];

/**
 * SHA-256 of the text of both, of each version whose doing ours was compared with; there is one for each form of the package.
 * A version that does anything else there has another text, and its own `invoke` is called then.
 */
const COMPARED = new Set([
  // @aigne/core 1.72.0, import
  "cc367414535ac67a3b751bc3d749a9a93d2de2221d132f7b1e62dde67859b6c4",
  // @aigne/core 1.72.0, require
  "37566fd9467c3141e840b37ba8a4e53ea69395b2de6465ca340ddb7f348a7a94",
]);

type Named = Record<string, unknown>;

let looked: { functions: Replaced; known: boolean } | undefined;

/** Whether AIGNE's `invoke` is one that we know, with nothing put in its place, neither in AIGNE nor by a subclass. */
export function directlyInvocable(agent: object): boolean {
  const functions = ChatModel.prototype as unknown as Replaced;
  if (!looked || REPLACED.some((name) => looked?.functions[name] !== functions[name])) {
    const { invoke, processStreamingAndRetry } = functions;
    looked = { functions: { invoke, processStreamingAndRetry }, known: COMPARED.has(fingerprint(functions)) };
  }
  return (
    looked.known &&
    PASSED.every((name) => (agent as Named)[name] === (ChatModel.prototype as unknown as Named)[name]) &&
    // They have the last word on an answer, and read AIGNE's own stream for it.
    !(agent as ChatModel).guideRails?.length
  );
}

/** Of the text of the functions that ours stand in for. */
export function fingerprint(functions: Replaced = ChatModel.prototype as unknown as Replaced): string {
  const texts = REPLACED.map((name) => String(functions[name]).replace(/\s+/g, " "));
  return createHash("sha256").update(texts.join("\n")).digest("hex");
}
