import type { FilePart, TextPart, ThoughtsPart } from "../types.js";
import { asObject, type Json, listIn, own, text, unreadable } from "./json.js";
import { imageFile } from "./output-file.js";

/** What a message or a piece of one says beside its tool calls and its audio. */
export type SaidPart = TextPart | ThoughtsPart | FilePart | { type: "refusal"; text: string };

/** @throws SignalError when a piece of the answer is in no form that can be read: to overlook it would be to cut it */
export function readMessage(message: Json): SaidPart[] {
  const parts: SaidPart[] = [];
  const thoughts = thoughtsIn(message);
  if (thoughts) parts.push({ type: "thoughts", text: thoughts });
  readContent(own(message, "content"), parts);
  const refusal = text(own(message, "refusal"));
  if (refusal) parts.push({ type: "refusal", text: refusal });
  for (const image of listIn(message, "images")) {
    const file = imageFile(image);
    if (file) parts.push(file);
  }
  const transcript = text(own(asObject(own(message, "audio")), "transcript"));
  if (transcript) parts.push({ type: "text", text: transcript });
  return parts;
}

/** The tool calls of a message, the single one of the format before `tools` included. */
export function toolCallsIn(message: Json): readonly unknown[] {
  const calls = listIn(message, "tool_calls");
  const call = asObject(own(message, "function_call"));
  return calls.length === 0 && call ? [{ index: 0, function: call }] : calls;
}

function thoughtsIn(message: Json): string | undefined {
  // OpenRouter sends the same words in `reasoning` and in `reasoning_details`.
  return (
    text(own(message, "reasoning")) ??
    text(own(message, "reasoning_content")) ??
    text(
      list(own(message, "reasoning_details"))
        .map((detail) => text(own(asObject(detail), "text")) ?? text(own(asObject(detail), "summary")) ?? "")
        .join(""),
    )
  );
}

function readContent(content: unknown, parts: SaidPart[]): void {
  if (content === undefined || content === null || content === "") return;
  if (typeof content === "string") {
    parts.push({ type: "text", text: content });
    return;
  }
  if (!Array.isArray(content)) unreadable("content", content);
  for (const piece of content) {
    const file = imageFile(piece);
    if (file) parts.push(file);
    readContent(typeof piece === "string" ? piece : own(asObject(piece), "text"), parts);
    const thoughts = list(own(asObject(piece), "thinking"))
      .map((thought) => text(own(asObject(thought), "text")) ?? "")
      .join("");
    if (thoughts) parts.push({ type: "thoughts", text: thoughts });
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
