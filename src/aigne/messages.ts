import type { ChatModelInputMessage } from "@aigne/core";
import { type WirePart, wireContent } from "./content.js";

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

/** A message's own cache mark belongs on its last part: the wire knows none on messages. */
function contentOf({ content, cacheControl, role }: ChatModelInputMessage): string | WirePart[] | undefined {
  // Only an assistant's message may be without content, and then only beside tool calls.
  if (content === undefined || content === null) return role === "agent" ? undefined : "";
  const wire = wireContent(content);
  if (!cacheControl) return wire;
  const parts = typeof wire === "string" ? [{ type: "text", text: wire }] : wire;
  return parts.map((part, i) => (i === parts.length - 1 ? { ...part, cache_control: cacheControl } : part));
}
