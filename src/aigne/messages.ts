import type { ChatModelInputMessage } from "@aigne/core";
import { type WirePart, wireContent } from "./content.js";

type CacheControl = NonNullable<ChatModelInputMessage["cacheControl"]>;

export type WireMessage = Record<string, unknown> & { role: string };

/** AIGNE's names of tools on the wire, where `-` and blanks are not allowed. */
export type ToolNames = (name: string) => Promise<string>;

export async function wireMessages(
  messages: readonly ChatModelInputMessage[],
  toolName: ToolNames,
): Promise<WireMessage[]> {
  return Promise.all(messages.map((message) => wireMessage(message, toolName)));
}

async function wireMessage(message: ChatModelInputMessage, toolName: ToolNames): Promise<WireMessage> {
  const { role, name, toolCallId, toolCalls } = message;
  const calls = await Promise.all(
    (toolCalls ?? []).map(async ({ id, function: call }) => ({
      id,
      type: "function",
      function: { name: await toolName(call.name), arguments: JSON.stringify(call.arguments) },
    })),
  );
  const content = contentOf(message);
  return {
    role: role === "agent" ? "assistant" : role,
    ...(content !== undefined && { content }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(toolCallId && { tool_call_id: toolCallId }),
    ...(name && { name }),
  };
}

function contentOf(message: ChatModelInputMessage): string | WirePart[] | undefined {
  const { content, cacheControl, role, toolCalls } = message;
  // Only an assistant's message may be without content, and then only beside tool calls.
  if (content === undefined || content === null)
    return role === "agent" && toolCalls?.length ? undefined : "";
  const wire = wireContent(content);
  if (!cacheControl || wire === "") return wire;
  return marked(typeof wire === "string" ? [{ type: "text", text: wire }] : wire, cacheControl);
}

/** The wire knows no cache mark on messages: a message's own belongs on its last text, the only part that can bear one. */
function marked(parts: WirePart[], cacheControl: CacheControl): WirePart[] {
  const last = parts.findLastIndex(({ type }) => type === "text");
  return parts.map((part, i) => (i === last ? { ...part, cache_control: cacheControl } : part));
}
