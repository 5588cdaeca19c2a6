import type { FilePart, FinishReason, Part, Usage } from "./types.js";

export interface ToolCall {
  id: string;
  name: string;
  /** JSON text. */
  arguments: string;
}

/** A whole answer of one model. */
export interface Answer {
  text: string;
  thoughts: string;
  toolCalls: ToolCall[];
  files: FilePart[];
  usage?: Usage;
  /** The model that answered, as it named itself on the wire. */
  model: string;
  finishReason: FinishReason;
}

/** Folds parts into an answer; a restart discards what came before. */
export class AnswerFold {
  answer: Answer = blank();

  add(parts: readonly Part[]): void {
    for (const part of parts) this.#add(part);
  }

  #add(part: Part): void {
    const { answer } = this;
    switch (part.type) {
      case "text":
        answer.text += part.text;
        break;
      case "thoughts":
        answer.thoughts += part.text;
        break;
      case "toolCall":
        // The chain hands on whole tool calls only, one part each.
        answer.toolCalls.push({
          id: part.id ?? `call_${part.index}`,
          name: part.name ?? "",
          arguments: part.arguments,
        });
        break;
      case "file":
        answer.files.push(part);
        break;
      case "usage":
        answer.usage = part.usage;
        break;
      case "finish":
        answer.finishReason = part.reason;
        answer.model = part.model;
        break;
      case "restart":
        this.answer = blank();
    }
  }
}

function blank(): Answer {
  return { text: "", thoughts: "", toolCalls: [], files: [], model: "", finishReason: "" };
}
