import { pieces, words } from "./answer.js";
import { breakAt, type Fault, strikeAt } from "./fault.js";
import type { Delta, ToolPart } from "./message.js";
import { end, fin } from "./ops.js";
import { type Plan, saying, textDeltas, thoughtDeltas, toolDeltas, wireCall } from "./plan.js";

const empty = (says: string, finish: string | null): Fault => ({
  says,
  alter: (plan) => saying(plan, [], finish),
});

const upTo = (says: string, finish: string): Fault => ({
  says,
  alter: (plan) => saying(plan, plan.deltas.slice(0, strikeAt(plan)), finish),
});

function thoughtsOnly(says: string, finish: string): Fault {
  return {
    says,
    alter: (plan) => {
      const own = plan.deltas.filter((delta) => delta.reasoning !== undefined);
      const deltas =
        own.length > 0 ? own : thoughtDeltas(words("Let me think about this for a very long while."));
      return saying(plan, deltas, finish);
    },
  };
}

/** The plan with a tool call: its own, else one of the first tool that the request offers. */
function calling(plan: Plan, count = 1): Plan {
  if (plan.deltas.some((delta) => delta.tool_calls !== undefined)) return plan;
  const tools = plan.occasion.body.tools as { function?: { name?: string } }[] | undefined;
  const name = (Array.isArray(tools) ? tools[0]?.function?.name : undefined) ?? "get_weather";
  const calls = ["Paris", "London"]
    .slice(0, count)
    .map((city) => wireCall({ name, arguments: { city } }, plan.occasion.random));
  return saying(plan, calls.flatMap(toolDeltas), "tool_calls");
}

/** A tool call with every part of it changed. */
function partwise(says: string, change: (part: ToolPart) => ToolPart, count = 1): Fault {
  return {
    says,
    alter: (plan) => {
      const called = calling(plan, count);
      const deltas = called.deltas.map((delta): Delta => {
        const parts = delta.tool_calls as ToolPart[] | undefined;
        return parts === undefined ? delta : { ...delta, tool_calls: parts.map(change) };
      });
      return saying(called, deltas, called.finish);
    },
  };
}

/** Parts of several calls in turn instead of one call after the other. */
function interleave(deltas: Delta[]): Delta[] {
  const others = deltas.filter((delta) => delta.tool_calls === undefined);
  const calls: Delta[][] = [];
  for (const delta of deltas) {
    const index = (delta.tool_calls as ToolPart[] | undefined)?.[0]?.index;
    if (index !== undefined) calls[index] = [...(calls[index] ?? []), delta];
  }
  const longest = Math.max(0, ...calls.map((call) => call.length));
  const turns = Array.from({ length: longest }, (_, i) =>
    calls.flatMap((call) => call.slice(i, i + 1)),
  ).flat();
  return [...others, ...turns];
}

/** Answers that arrive whole and are not what was asked for; and tool calls as they come in the wild. */
export const CONTENT_FAULTS = {
  "empty-content": empty("`finish_reason: stop` and no content.", "stop"),
  "empty-finish-null": empty("No content and no finish reason, but [DONE].", null),
  "empty-length": empty("`finish_reason: length` and no content.", "length"),
  "filter-empty": empty("`finish_reason: content_filter` and no content.", "content_filter"),
  "filter-mid": upTo("`finish_reason: content_filter` after `at` tokens.", "content_filter"),
  length: upTo("`finish_reason: length` after `at` tokens.", "length"),
  "finish-error": upTo("`finish_reason: error` after `at` tokens, and no error object.", "error"),
  "reasoning-length": thoughtsOnly("Reasoning only, then `length`.", "length"),
  "reasoning-stop": thoughtsOnly("Reasoning only, then `stop`.", "stop"),
  refusal: {
    says: "A refusal instead of content.",
    alter: (plan) => {
      const refusal = plan.occasion.script.refusal ?? "I'm sorry, I can't assist with that request.";
      return saying(plan, [{ content: "", role: "assistant", refusal }], "stop");
    },
  },
  "json-broken": {
    says: "Half of a JSON answer, with `finish_reason: stop`.",
    alter: (plan) => {
      const json = JSON.stringify(plan.occasion.script.json ?? { answer: "a JSON text that never ends" });
      return saying(plan, textDeltas(pieces(json.slice(0, json.length / 2), 6)), "stop");
    },
  },
  "tool-cut": {
    says: "FIN inside the arguments of a tool call.",
    alter: (plan) => calling(plan),
    wrap: (ops, plan) => breakAt(ops, plan.occasion.script.at ?? plan.deltas.length - 1, [fin]),
  },
  "tool-done-cut": {
    says: "FIN after the arguments of a tool call, before the finish reason.",
    alter: (plan) => calling(plan),
    wrap: (ops, plan) => breakAt(ops, plan.deltas.length, [fin]),
  },
  "tool-eof": {
    says: "A clean end inside the arguments of a tool call.",
    alter: (plan) => calling(plan),
    wrap: (ops, plan) => breakAt(ops, plan.occasion.script.at ?? plan.deltas.length - 1, [end]),
  },
  "tool-truncated": {
    says: "Tool arguments that are half a JSON text, with `finish_reason: tool_calls`.",
    alter: (plan) => {
      const called = calling(plan);
      return saying(called, called.deltas.slice(0, -1), "tool_calls");
    },
  },
  "tool-length": {
    says: "Tool arguments that the token limit cut, with `finish_reason: length`.",
    alter: (plan) => {
      const called = calling(plan);
      return saying(called, called.deltas.slice(0, -1), "length");
    },
  },
  "tool-unknown": partwise("A call of a tool that was not offered.", (part) =>
    part.function?.name === undefined
      ? part
      : { ...part, function: { ...part.function, name: "no_such_tool" } },
  ),
  "tool-no-index": partwise("Tool parts without `index`.", ({ index: _, ...part }) => part),
  "tool-no-id": partwise("A tool call without `id`.", ({ id: _, ...part }) => part),
  "tool-index-1": partwise("Tool calls numbered from 1.", (part) => ({
    ...part,
    index: (part.index ?? 0) + 1,
  })),
  "tool-same-index": partwise(
    "Two tool calls with the same `index` and `id`.",
    (part) => ({ ...part, index: 0, ...(part.id === undefined ? {} : { id: "call_same" }) }),
    2,
  ),
  "tool-no-arguments": {
    says: "A tool call without `arguments`.",
    alter: (plan) => {
      const { deltas, finish } = calling(plan);
      const opening = deltas.filter(
        (delta) => (delta.tool_calls as ToolPart[] | undefined)?.[0]?.type !== undefined,
      );
      const bare = opening.map((delta) => ({
        ...delta,
        tool_calls: (delta.tool_calls as ToolPart[]).map((part) => ({
          ...part,
          function: { name: part.function?.name },
        })),
      }));
      return saying(plan, bare, finish);
    },
  },
  "tool-finish-stop": {
    says: "A whole tool call with `finish_reason: stop`.",
    alter: (plan) => saying(plan, calling(plan).deltas, "stop"),
  },
  "tool-interleaved": {
    says: "Two tool calls, their parts in turn: healthy.",
    alter: (plan) => {
      const called = calling(plan, 2);
      return saying(called, interleave(called.deltas), called.finish);
    },
  },
} satisfies Record<string, Fault>;
