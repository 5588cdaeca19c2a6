import type { ModelFacts } from "./model-facts.js";
import type { ChatRequest } from "./types.js";

export type Capability = "tools" | "json_schema" | "image";

/** What the request asks for and the model is known to lack; undefined when there is no such thing, or nothing is known. */
export function missingCapability(request: ChatRequest, facts: ModelFacts): Capability | undefined {
  if (facts.tools === false && offersTools(request)) return "tools";
  if (facts.jsonSchema === false && request.response_format?.type === "json_schema") return "json_schema";
  if (facts.imageInput === false && showsImage(request)) return "image";
  return undefined;
}

function offersTools({ tools, tool_choice: choice }: ChatRequest): boolean {
  return Array.isArray(tools) && tools.length > 0 && choice !== "none";
}

function showsImage({ messages }: ChatRequest): boolean {
  return messages.some(
    (message) =>
      Array.isArray(message?.content) && message.content.some((part) => part?.type === "image_url"),
  );
}
