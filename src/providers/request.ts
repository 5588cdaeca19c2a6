import type { Supports, WireRequest } from "../types.js";
import { asObject, own } from "./json.js";

/** Body keys that OpenRouter added to the chat-completions format. Source: its OpenAPI description. */
const OPENROUTER_KEYS = [
  "provider",
  "plugins",
  "transforms",
  "models",
  "route",
  "reasoning",
  "include_reasoning",
  "usage",
  "session_id",
  "trace",
  "debug",
  "cache_control",
  "image_config",
  "stop_server_tools_when",
];

/** Keys it added to messages, their parts and tools. */
const OPENROUTER_INNER_KEYS = ["cache_control", "reasoning", "reasoning_details"];

const TOOL_KEYS = ["tools", "tool_choice", "parallel_tool_calls"];

export interface ShapedRequest {
  body: WireRequest;
  /** Paths of what was left out, such as `plugins` or `messages[].cache_control`; sorted. */
  omitted: string[];
}

/** What one endpoint gets of a request: what it does not support is left out and named. Pure. */
export function shapeRequest(request: WireRequest, supports: Supports): ShapedRequest {
  const body: Record<string, unknown> = { ...request };
  const omitted = new Set<string>();
  const drop = (key: string) => {
    if (body[key] === undefined) return;
    delete body[key];
    omitted.add(key);
  };
  if (!supports.usageInStream) drop("stream_options");
  if (!supports.tools) TOOL_KEYS.forEach(drop);
  if (!supports.jsonSchema && own(asObject(body.response_format), "type") === "json_schema")
    drop("response_format");
  if (!supports.openRouterKeys) {
    translateReasoning(body, omitted);
    OPENROUTER_KEYS.forEach(drop);
    withoutInnerKeys(body, omitted);
  }
  return { body: body as WireRequest, omitted: [...omitted].sort() };
}

/** `reasoning: { effort }` is `reasoning_effort` everywhere else; the rest of `reasoning` has no equal. */
function translateReasoning(body: Record<string, unknown>, omitted: Set<string>): void {
  const reasoning = asObject(body.reasoning);
  const effort = own(reasoning, "effort");
  if (typeof effort !== "string") return;
  delete body.reasoning;
  body.reasoning_effort ??= effort;
  for (const key of Object.keys(reasoning ?? {})) if (key !== "effort") omitted.add(`reasoning.${key}`);
}

function withoutInnerKeys(body: Record<string, unknown>, omitted: Set<string>): void {
  if (Array.isArray(body.messages)) {
    body.messages = body.messages.map((message) => {
      const plain = stripped(message, "messages[]", omitted);
      const content = own(asObject(plain), "content");
      if (!Array.isArray(content)) return plain;
      return {
        ...(plain as object),
        content: content.map((part) => stripped(part, "messages[].content[]", omitted)),
      };
    });
  }
  if (Array.isArray(body.tools)) {
    const tools = body.tools.filter((tool) => {
      const type = own(asObject(tool), "type");
      // Its server tools, `openrouter:web_search` and others, run nowhere else.
      const serverTool = typeof type === "string" && type.startsWith("openrouter:");
      if (serverTool) omitted.add(`tools[${type}]`);
      return !serverTool;
    });
    body.tools = tools.map((tool) => stripped(tool, "tools[]", omitted));
    // An empty list, or a choice among none, is a bad request to most.
    if (tools.length === 0) for (const key of TOOL_KEYS) delete body[key];
  }
}

function stripped(value: unknown, path: string, omitted: Set<string>): unknown {
  const object = asObject(value);
  const keys = OPENROUTER_INNER_KEYS.filter((key) => own(object, key) !== undefined);
  if (keys.length === 0) return value;
  const copy: Record<string, unknown> = { ...object };
  for (const key of keys) {
    delete copy[key];
    omitted.add(`${path}.${key}`);
  }
  return copy;
}
