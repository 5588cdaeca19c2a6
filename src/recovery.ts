import { asksForJson } from "./answer-check.js";
import type { ChatRequest, ContentPart, WireRequest } from "./types.js";

/** A shorter repetition may be how the text goes on… */
const MIN_OVERLAP = 8;
/** …unless it repeats whole words: "Once upon" is not followed by "upon" without a space between. */
const MIN_WORD_OVERLAP = 3;

/** May this request's answer be continued by another model? Only prose can. */
export function continuable(request: ChatRequest): boolean {
  return !request.tools?.length && !asksForJson(request);
}

/** The request that asks a model to go on from `text`. */
export function continuation(request: WireRequest, text: string): WireRequest {
  return { ...request, messages: [...request.messages, { role: "assistant", content: text }] };
}

/**
 * The seam between a text cut short and its continuation. A model often begins by repeating the last words (or all
 * of them): what repeats the end of `shown` is dropped, and so are its thoughts, which belong to another model.
 */
export class Seam {
  readonly #shown: string;
  #held: string | undefined = "";

  constructor(shown: string) {
    this.#shown = shown;
  }

  /** Holds text back while it may still turn out to be a repetition; `last`: nothing more will come. */
  join(parts: readonly ContentPart[], last: boolean): ContentPart[] {
    const out: ContentPart[] = [];
    for (const part of parts) {
      if (part.type === "thoughts") continue;
      if (part.type !== "text") out.push(part);
      else if (this.#held === undefined) out.push(part);
      else this.#held += part.text;
    }
    if (this.#held !== undefined && (last || !this.#shown.includes(this.#held))) {
      const text = this.#held.slice(this.#overlap(this.#held));
      this.#held = undefined;
      if (text !== "") out.unshift({ type: "text", text });
    }
    return out;
  }

  #overlap(text: string): number {
    for (let length = Math.min(text.length, this.#shown.length); length >= MIN_WORD_OVERLAP; length--) {
      if (!this.#shown.endsWith(text.slice(0, length))) continue;
      const before = this.#shown.at(-length - 1) ?? " ";
      if (length >= MIN_OVERLAP || (/\s/.test(before) && /\S/.test(text[0]!))) return length;
    }
    return 0;
  }
}
