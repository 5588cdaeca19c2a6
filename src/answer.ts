import { LongText } from "./long-text.js";
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
  #text = new LongText();
  #thoughts = new LongText();
  #rest = blank();

  /** As far as it has come. */
  get answer(): Answer {
    const { toolCalls, files, usage, model, finishReason } = this.#rest;
    return {
      text: this.#text.toString(),
      thoughts: this.#thoughts.toString(),
      toolCalls,
      files,
      model,
      finishReason,
      ...(usage && { usage }),
    };
  }

  add(parts: readonly Part[]): void {
    for (const part of parts) this.#add(part);
  }

  #add(part: Part): void {
    const rest = this.#rest;
    switch (part.type) {
      case "text":
        this.#text.add(part.text);
        break;
      case "thoughts":
        this.#thoughts.add(part.text);
        break;
      case "toolCall":
        // The chain hands on whole tool calls only, one part each.
        rest.toolCalls.push({
          id: part.id ?? `call_${part.index}`,
          name: part.name ?? "",
          arguments: part.arguments,
        });
        break;
      case "file":
        rest.files.push(part);
        break;
      case "usage":
        rest.usage = part.usage;
        break;
      case "finish":
        rest.finishReason = part.reason;
        rest.model = part.model;
        break;
      case "restart":
        this.#text = new LongText();
        this.#thoughts = new LongText();
        this.#rest = blank();
    }
  }
}

function blank(): Omit<Answer, "text" | "thoughts"> {
  return { toolCalls: [], files: [], model: "", finishReason: "" };
}
