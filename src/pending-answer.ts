import type { Answer } from "./answer.js";
import type { AnswerCheck } from "./answer-check.js";
import { coalesced } from "./coalesce.js";
import { LongText } from "./long-text.js";
import { ToolCalls } from "./tool-calls.js";
import type { ContentPart, FilePart, ProviderPart, Signal, ToolCallPart, Usage } from "./types.js";

export type Meta = Extract<ProviderPart, { type: "meta" }>;

/** Finish reasons of an answer that is all the model had to say, or had room for. */
const WHOLE = new Set(["stop", "length", "tool_calls"]);
/** Finish reasons that no later one makes good. */
const CUT = new Set(["length", "content_filter"]);

interface Batch {
  /** What may be shown of it: tool calls are held until they are whole. */
  shown: readonly ContentPart[];
  /** Whether any of it is content: text, thoughts, a file, a piece of a tool call. */
  content: boolean;
  usage?: Usage;
  meta?: Meta;
}

/** The answer of one attempt as far as it has come, and the judgement whether it is one. */
export class PendingAnswer {
  usage: Usage | undefined;
  #finishReason: string | undefined;
  readonly #toolCalls = new ToolCalls();
  readonly #files: FilePart[] = [];
  #content = false;
  readonly #text = new LongText();
  readonly #thoughts = new LongText();
  #refusal = "";
  #resumed = false;
  readonly #coalesce: boolean;

  /** `coalesce`: what comes together is shown together. */
  constructor(coalesce: boolean) {
    this.#coalesce = coalesce;
  }

  /** The last one given; some upstreams end an answer of tool calls with "stop". */
  get finishReason(): string | undefined {
    return this.#finishReason === "stop" && this.#toolCalls.size > 0 ? "tool_calls" : this.#finishReason;
  }

  /** All that has come, whoever it is for. */
  get said(): string {
    const calls = this.#toolCalls.calls().map(({ name, arguments: args }) => `${name} ${args}`);
    return [`${this.#thoughts}`, `${this.#text}`, ...calls].join("\n").trim();
  }

  /** The answer went on behind a finish reason, which therefore is no evidence that it is whole: only its end is. */
  get resumed(): boolean {
    return this.#resumed;
  }

  add(parts: readonly ProviderPart[]): Batch {
    const only = parts.length === 1 ? parts[0] : undefined;
    // Of most reads of most streams.
    if (only?.type === "text" && only.text !== "" && this.#finishReason === undefined) {
      this.#text.add(only.text);
      this.#content = true;
      return { shown: parts as readonly ContentPart[], content: true };
    }
    const batch: Batch = { shown: [], content: false };
    const shown: ContentPart[] = [];
    for (const part of parts) {
      this.#resumed ||= this.#finishReason !== undefined && saysMore(part);
      switch (part.type) {
        case "text":
        case "thoughts":
          if (part.text !== "") shown.push(part);
          break;
        case "file":
          shown.push(part);
          break;
        case "toolCall":
          this.#toolCalls.add(part);
          batch.content = true;
          break;
        case "refusal":
          this.#refusal += part.text;
          break;
        case "finish":
          // Some upstreams say "stop" once more after what really ended the answer.
          if (!CUT.has(this.#finishReason ?? "") || !WHOLE.has(part.reason)) this.#finishReason = part.reason;
          break;
        case "usage":
          this.usage = part.usage;
          batch.usage = part.usage;
          break;
        case "meta":
          batch.meta = { ...batch.meta, ...part };
      }
    }
    batch.shown = this.#coalesce ? coalesced(shown) : shown;
    for (const part of batch.shown) this.#keep(part);
    batch.content ||= shown.length > 0;
    this.#content ||= batch.content;
    return batch;
  }

  /** The evidence against the answer, now that its stream has ended; undefined: it is whole and right. */
  doubt(check: AnswerCheck, model: string): Signal | undefined {
    const { finishReason } = this;
    const afterContent = this.#content;
    if (this.#refusal !== "") return { kind: "refusal", text: this.#refusal };
    if (finishReason === "content_filter") return { kind: "finish", reason: finishReason, afterContent };
    if (finishReason === undefined && afterContent) return { kind: "eof", afterContent };
    // What nobody knows the meaning of is no evidence of a whole answer.
    if (finishReason !== undefined && !WHOLE.has(finishReason)) {
      return {
        kind: "finish",
        reason: finishReason === "error" ? "error" : "unknown",
        detail: finishReason,
        afterContent,
      };
    }
    if (finishReason === "tool_calls" && this.#toolCalls.size === 0) {
      return { kind: "invalid", reason: "tool_call", message: "a tool call was announced and none was made" };
    }
    if (finishReason === "length" && this.#toolCalls.open) {
      return {
        kind: "invalid",
        reason: "tool_call",
        message: "the token limit cut the arguments of a tool call off",
      };
    }
    const answer: Answer = {
      text: this.#text.toString(),
      thoughts: this.#thoughts.toString(),
      toolCalls: this.#toolCalls.calls(),
      files: this.#files,
      model,
      finishReason: finishReason ?? "",
    };
    if (answer.text.trim() === "" && answer.toolCalls.length === 0 && answer.files.length === 0) {
      return {
        kind: "empty",
        reasoning: answer.thoughts !== "",
        ...(finishReason !== undefined && { finishReason }),
      };
    }
    const complaint = check(answer);
    return complaint && { kind: "invalid", ...complaint };
  }

  #keep(part: ContentPart): void {
    if (part.type === "text") this.#text.add(part.text);
    else if (part.type === "thoughts") this.#thoughts.add(part.text);
    else if (part.type === "file") this.#files.push(part);
  }

  toolCallParts(): ToolCallPart[] {
    return this.#toolCalls.parts();
  }
}

function saysMore(part: ProviderPart): boolean {
  if (part.type === "text" || part.type === "thoughts") return part.text !== "";
  return part.type === "toolCall";
}
