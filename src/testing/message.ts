/** The `delta` of one chunk. */
export type Delta = Record<string, unknown>;

/** One entry of a delta's `tool_calls`; anything may be missing in the wild. */
export interface ToolPart {
  index?: number;
  id?: string;
  type?: string;
  function?: { name?: string; arguments?: string };
}

interface ToolCall {
  index: number;
  id?: string;
  type: string;
  function: { name?: string; arguments: string };
}

/** What the deltas add up to: the `message` of a JSON reply. */
export function assemble(deltas: readonly Delta[]): Record<string, unknown> {
  const text = joined(deltas, "content");
  const thoughts = joined(deltas, "reasoning");
  const refusal = joined(deltas, "refusal");
  const calls = toolCalls(deltas);
  const images = deltas.flatMap((delta) => (delta.images as unknown[] | undefined) ?? []);
  const annotations = deltas.flatMap((delta) => (delta.annotations as unknown[] | undefined) ?? []);
  const detail = { type: "reasoning.text", text: thoughts, format: "anthropic-claude-v1", index: 0 };
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: refusal === "" ? null : refusal,
    reasoning: thoughts === "" ? null : thoughts,
    ...(thoughts === "" ? {} : { reasoning_details: [detail] }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(images.length === 0 ? {} : { images }),
    ...(annotations.length === 0 ? {} : { annotations }),
  };
}

function joined(deltas: readonly Delta[], key: string): string {
  return deltas.map((delta) => (typeof delta[key] === "string" ? delta[key] : "")).join("");
}

function toolCalls(deltas: readonly Delta[]): ToolCall[] {
  const calls: ToolCall[] = [];
  for (const part of deltas.flatMap((delta) => (delta.tool_calls as ToolPart[] | undefined) ?? [])) {
    const text = part.function?.arguments ?? "";
    if (part.type !== undefined) {
      const { index = calls.length, id, type } = part;
      const name = part.function?.name;
      calls.push({
        index,
        ...(id === undefined ? {} : { id }),
        type,
        function: { ...(name === undefined ? {} : { name }), arguments: text },
      });
    } else {
      const call = calls.findLast((c) => part.index === undefined || c.index === part.index);
      if (call !== undefined) call.function.arguments += text;
    }
  }
  return calls;
}
