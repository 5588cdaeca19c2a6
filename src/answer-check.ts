import { Validator } from "@cfworker/json-schema";
import type { Answer } from "./answer.js";
import type { ChatRequest, InvalidReason } from "./types.js";

/** Why an answer is not the one that was asked for; it quotes no content. */
export interface Complaint {
  reason: Extract<InvalidReason, "schema" | "tool_call">;
  message: string;
}

/** Judges a finished answer against its request. */
export type AnswerCheck = (answer: Answer) => Complaint | undefined;

interface FunctionTool {
  type?: string;
  function?: { name?: string; parameters?: object };
}

/** The JSON schema a request asks its answer to follow. */
export function askedSchema(request: ChatRequest): object | undefined {
  const format = request.response_format as { type?: string; json_schema?: { schema?: object } } | undefined;
  return format?.type === "json_schema" ? (format.json_schema?.schema ?? {}) : undefined;
}

export function asksForJson(request: ChatRequest): boolean {
  const type = (request.response_format as { type?: string } | undefined)?.type;
  return type === "json_schema" || type === "json_object";
}

/** The check of a request by itself: JSON asked is JSON given, tools called are tools offered, both fit their schema. */
export function checkOf(request: ChatRequest): AnswerCheck {
  const tools = new Map<string, object | undefined>();
  for (const tool of (request.tools ?? []) as FunctionTool[]) {
    if (tool.function?.name) tools.set(tool.function.name, tool.function.parameters);
  }
  const schema = askedSchema(request);
  const json = asksForJson(request);

  return (answer) => {
    for (const call of answer.toolCalls) {
      if (!tools.has(call.name))
        return { reason: "tool_call", message: "a tool was called that the request does not offer" };
      const args = parseJson(call.arguments);
      if (typeof args !== "object" || args === null || Array.isArray(args)) {
        return { reason: "tool_call", message: `the arguments of tool "${call.name}" are not a JSON object` };
      }
      const where = violation(tools.get(call.name), args);
      if (where)
        return {
          reason: "tool_call",
          message: `the arguments of tool "${call.name}" break its schema at ${where}`,
        };
    }
    if (!json || answer.toolCalls.length > 0) return undefined;
    const value = parseJson(answer.text);
    if (value === undefined)
      return { reason: "schema", message: "JSON was asked for and the answer is not JSON" };
    const where = violation(schema, value);
    return where ? { reason: "schema", message: `the answer breaks the JSON schema at ${where}` } : undefined;
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a value breaks a schema, as a path into the schema (never the value). */
function violation(schema: object | undefined, value: unknown): string | undefined {
  if (!schema) return undefined;
  try {
    const result = new Validator(schema, "2020-12").validate(value);
    return result.valid ? undefined : (result.errors.at(-1)?.keywordLocation ?? "#");
  } catch {
    // A schema this validator cannot read proves nothing against the answer.
    return undefined;
  }
}
