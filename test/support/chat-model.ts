import {
  type AgentResponseChunk,
  AIAgent,
  type AIAgentOptions,
  AIGNE,
  type AIGNEOptions,
  type ChatModelInput,
  type Context,
  type Message,
} from "@aigne/core";
import { mergeAgentResponseChunk } from "@aigne/core/utils/stream-utils.js";
import { afterEach, beforeEach, expect } from "vitest";
import {
  type AuditRecord,
  type MemoryAudit,
  memoryAudit,
  OpenRouterChatModel,
  type OpenRouterChatModelOptions,
} from "../../src/index.js";
import {
  type ModelScript,
  type SimulatedRequest,
  type Simulator,
  startSimulator,
} from "../../src/testing/index.js";

/** How a chat model is called. */
export const WAYS = ["direct", "aigne.invoke", "AIAgent"] as const;
export type Way = (typeof WAYS)[number];
export const WAYS_STREAMED_AND_NOT = WAYS.flatMap((way) => [
  { way, streaming: true },
  { way, streaming: false },
]);

export const PRIMARY = "primary/model";
export const ask: ChatModelInput = { messages: [{ role: "user", content: "Say it." }] };

export interface Stage {
  simulator: Simulator;
  model: OpenRouterChatModel;
  audit: MemoryAudit;
}

const stages: Stage[] = [];
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

/** To be called once in a test file: nothing stays open, and no promise rejects without a reader. */
export function tidyUp(): void {
  // Every AIGNE instance adds a SIGINT listener.
  process.setMaxListeners(0);
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    for (const { model, simulator } of stages.splice(0)) {
      await simulator.close();
      await model.shutdown();
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
}

/** A simulator, and a model whose targets are the scripted models in the order they are written. */
export async function stage(
  models: Record<string, ModelScript>,
  options: Partial<OpenRouterChatModelOptions> = {},
): Promise<Stage> {
  const simulator = await startSimulator({ models });
  const [first = PRIMARY, ...fallbackModels] = Object.keys(models);
  const audit = memoryAudit();
  const model = new OpenRouterChatModel({
    apiKey: "sk-or-v1-seam",
    baseURL: simulator.baseURL,
    model: first,
    fallbackModels,
    audit,
    logger: false,
    ...options,
  });
  stages.push({ simulator, model, audit });
  return { simulator, model, audit };
}

type Chunk = AgentResponseChunk<Message>;

export interface CallInit {
  streaming?: boolean;
  input?: ChatModelInput;
  userContext?: Record<string, unknown>;
  limits?: NonNullable<AIGNEOptions["limits"]>;
  agent?: Partial<AIAgentOptions>;
  signal?: AbortSignal;
}

/** What a call gave: the final object, and for a streamed one how it came. */
export interface Told {
  output: Record<string, unknown>;
  /** The final text, whatever its key. */
  text: unknown;
  chunks: Chunk[];
  /** What the documented loop has in the end. */
  looped: string;
  /** What it has with the line that follows resets. */
  followed: string;
}

/** Calls a model in one of three ways. AIAgent answers under the key `message`. */
export async function call(way: Way, model: OpenRouterChatModel, init: CallInit = {}): Promise<Told> {
  const { streaming = false } = init;
  const key = way === "AIAgent" ? "message" : "text";
  const response = await respond(way, model, init);
  if (!streaming) {
    const output = response as Record<string, unknown>;
    return { output, text: output[key], chunks: [], looped: "", followed: "" };
  }
  const told: Told = { output: {}, text: undefined, chunks: [], looped: "", followed: "" };
  for await (const chunk of response as AsyncIterable<Chunk>) {
    told.chunks.push(structuredClone(chunk));
    mergeAgentResponseChunk(told.output as never, chunk);
    if (!("delta" in chunk)) continue;
    const { text, json } = chunk.delta as {
      text?: Record<string, string>;
      json?: Record<string, string | null>;
    };
    if (text?.[key]) {
      told.looped += text[key];
      told.followed += text[key];
    }
    if (json && key in json) told.followed = json[key] ?? "";
  }
  return { ...told, text: told.output[key] };
}

/** The response as AIGNE gives it. */
export async function respond(way: Way, model: OpenRouterChatModel, init: CallInit = {}): Promise<unknown> {
  const { streaming = false, input = ask, userContext, limits, agent, signal } = init;
  const options = { streaming: streaming as true, ...(userContext && { userContext }) };
  if (way === "direct") {
    const context = new AIGNE().newContext() as Context;
    Object.assign(context.userContext, userContext);
    return model.invoke({ ...input }, { streaming: streaming as true, context, ...(signal && { signal }) });
  }
  const aigne = new AIGNE({ model, ...(limits && { limits }) });
  if (way === "aigne.invoke") return aigne.invoke(model, { ...input }, options);
  const asked = AIAgent.from({ instructions: "Be brief.", inputKey: "message", ...agent });
  return aigne.invoke(asked, { message: "Say it." }, options);
}

/** The JSON deltas of a stream, in order. */
export function jsonDeltas({ chunks }: Told): Record<string, unknown>[] {
  return chunks.flatMap((chunk) => ("delta" in chunk && chunk.delta.json ? [chunk.delta.json as never] : []));
}

/** The body of the n-th chat request, from 0. */
export function bodyOf(simulator: Simulator, n = 0): Record<string, unknown> {
  return (simulator.requests[n] as SimulatedRequest).body as Record<string, unknown>;
}

export const modelsAsked = (simulator: Simulator) => simulator.requests.map(({ model }) => model);

export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it should have failed");
}

/** The last record. */
export function lastRecord({ records }: MemoryAudit): AuditRecord {
  const record = records.at(-1);
  if (!record) throw new Error("there is no record");
  return record;
}
