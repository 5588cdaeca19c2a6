import type { ChatModelInput, ChatModelOutput } from "@aigne/core";
import type { Answer } from "../answer.js";
import type { FilePart, Usage } from "../types.js";
import { withoutNulls } from "./schema.js";

/** AIGNE's validator of JSON against a schema; throws where it cannot read the schema. */
export type SchemaFits = (schema: object, value: unknown) => boolean;

/** The answer's JSON, a fence around it tolerated: many models cannot do without. Undefined: it is none. */
export function answerJson(text: string): Record<string, unknown> | undefined {
  const inner = /^```(?:json)?\s*\n([\s\S]*?)\n?\s*```$/.exec(text.trim())?.[1] ?? text;
  try {
    const value: unknown = JSON.parse(inner);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return withoutNulls(value) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * AIGNE judges JSON and tool calls only after the model is done, when no fallback can mend them. This is its
 * judgement, made early enough. A complaint quotes no content.
 */
export function complaintOf(answer: Answer, input: ChatModelInput, fits: SchemaFits): string | undefined {
  const tools = new Map(input.tools?.map((tool) => [tool.function.name, tool.function.parameters]));
  for (const call of answer.toolCalls) {
    const parameters = tools.get(call.name);
    if (!parameters) return "a tool was called that the input does not offer";
    const args = answerJson(call.arguments);
    if (!args) return `the arguments of tool "${call.name}" are not a JSON object`;
    if (!safely(() => fits(parameters, args))) return `the arguments of tool "${call.name}" break its schema`;
  }
  if (answer.toolCalls.length > 0 || input.responseFormat?.type !== "json_schema") return undefined;
  const { schema } = input.responseFormat.jsonSchema;
  const json = answerJson(answer.text);
  if (!json) return "a JSON object was asked for and the answer is none";
  return safely(() => fits(schema, json)) ? undefined : "the answer breaks the JSON schema";
}

/** A schema that AIGNE cannot read is reported by AIGNE itself; no model is to blame for it. */
function safely(judge: () => boolean): boolean {
  try {
    return judge();
  } catch {
    return true;
  }
}

/** Exactly the documented keys: one more makes AIGNE send the whole output again. */
export function outputUsage(usage: Usage): NonNullable<ChatModelOutput["usage"]> {
  const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens } = usage;
  return {
    inputTokens,
    outputTokens,
    ...(cacheReadInputTokens && { cacheReadInputTokens }),
    ...(cacheCreationInputTokens && { cacheCreationInputTokens }),
  };
}

export function outputToolCalls(calls: Answer["toolCalls"]): NonNullable<ChatModelOutput["toolCalls"]> {
  return calls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function",
    function: { name, arguments: answerJson(args) ?? {} },
  }));
}

export function outputFile({ mimeType, data, url }: FilePart): NonNullable<ChatModelOutput["files"]>[number] {
  return data === undefined ? { type: "url", url: url ?? "", mimeType } : { type: "file", data, mimeType };
}
