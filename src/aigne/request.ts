import { isDeepStrictEqual } from "node:util";
import type { ChatModelInput, ChatModelInputTool } from "@aigne/core";
import { toWireOptions } from "../model-options.js";
import type { ChatRequest } from "../types.js";
import { type ToolNames, wireMessages } from "./messages.js";
import { wireSchema } from "./schema.js";

/** OpenRouter's limit for the name of a response format, and the characters OpenAI takes. */
const NAME_LENGTH = 64;

export interface MappedInput {
  request: ChatRequest;
  /** What the constructor's modelOptions say: below a target's own. */
  defaults: Record<string, unknown>;
  /** The call's own model. */
  model?: string;
}

/**
 * AIGNE's input as a chat-completions body. AIGNE lays the call's modelOptions over the constructor's before a model
 * sees them; `constructed` (the constructor's, resolved) tells the two apart again, since a target's own stand between.
 */
export async function mapInput(
  input: ChatModelInput,
  constructed: Readonly<Record<string, unknown>>,
  toolName: ToolNames,
): Promise<MappedInput> {
  const merged: Record<string, unknown> = { ...(input.modelOptions ?? constructed) };
  const isConstructed = ([key, value]: [string, unknown]) => isDeepStrictEqual(value, constructed[key]);
  const own = Object.entries(merged).filter((entry) => !isConstructed(entry));
  // A call takes an option of the constructor away by setting it to null, which AIGNE leaves out.
  const kept = Object.entries(constructed).filter(([key]) => key in merged);
  const { responseFormat, tools, toolChoice } = input;
  const wire = (entries: [string, unknown][]) => {
    const { parallel_tool_calls: parallel, ...options } = toWireOptions(Object.fromEntries(entries));
    // OpenAI refuses it where there are no tools.
    return tools?.length && parallel !== undefined ? { ...options, parallel_tool_calls: parallel } : options;
  };
  const request = {
    ...wire(own),
    messages: await wireMessages(input.messages, toolName),
    ...(tools?.length && { tools: tools.map(wireTool) }),
    ...(toolChoice && tools?.length && { tool_choice: await wireChoice(toolChoice, toolName) }),
    ...(responseFormat?.type === "json_schema" && { response_format: wireFormat(responseFormat.jsonSchema) }),
  } as unknown as ChatRequest;
  const { model } = merged;
  return { request, defaults: wire(kept), ...(typeof model === "string" && { model }) };
}

function wireTool({ function: { name, description, ...tool }, cacheControl }: ChatModelInputTool) {
  const parameters = tool.parameters as Record<string, unknown>;
  // OpenAI refuses an object schema without `properties`.
  const isBare = parameters.type === "object" || Object.keys(parameters).length === 0;
  const schema = isBare ? { type: "object", properties: {}, ...parameters } : parameters;
  return {
    type: "function",
    function: { name, ...(description && { description }), parameters: schema },
    ...(cacheControl && { cache_control: cacheControl }),
  };
}

async function wireChoice(choice: NonNullable<ChatModelInput["toolChoice"]>, toolName: ToolNames) {
  if (typeof choice === "string") return choice;
  return { type: "function", function: { name: await toolName(choice.function.name) } };
}

function wireFormat(format: {
  name: string;
  description?: string;
  schema: Record<string, unknown>;
  strict?: boolean;
}) {
  const { description, schema, strict } = format;
  return {
    type: "json_schema",
    json_schema: {
      name: format.name.replaceAll(/[^\w-]/g, "_").slice(0, NAME_LENGTH),
      ...(description && { description }),
      schema: wireSchema(schema, strict === true),
      ...(strict !== undefined && strict !== null && { strict }),
    },
  };
}
