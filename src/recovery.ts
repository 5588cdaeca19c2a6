import { asksForJson } from "./answer-check.js";
import type { ChatRequest, ContentPart, WireRequest } from "./types.js";

/** A shorter repetition may be how the text goes on… */
const MIN_OVERLAP = 8;
/** …unless it repeats whole words: "Once upon" is not followed by "upon" without a space between. */
const MIN_WORD_OVERLAP = 3;
/** So many characters of the text's own beginning say that the model has begun anew. */
const MIN_ANEW = 16;
/** How much of the end is searched for a repetition: models repeat words or sentences, or everything. */
const TAIL = 4_096;

/** May this request's answer be continued by another model? Only prose can. */
export function continuable(request: ChatRequest): boolean {
  return !request.tools?.length && !asksForJson(request);
}

/** The request that asks a model to go on from `text`. */
export function continuation(request: WireRequest, text: string): WireRequest {
  return { ...request, messages: [...request.messages, { role: "assistant", content: text }] };
}

/** What a continuation has turned out to be. `anew`: not one, but a whole answer of its own. */
export interface Joined {
  parts: ContentPart[];
  anew: boolean;
}

/**
 * The seam between a text cut short and its continuation. A model often begins by repeating the last words, or all of
 * them: what repeats the end of `shown` is dropped. Its thoughts are too, which belong to another model.
 */
export class Seam {
  readonly #shown: string;
  readonly #tail: string;
  #held = "";
  #decided = false;
  /** Whether all that is held repeats `shown` from its beginning. */
  #whole = true;

  constructor(shown: string) {
    this.#shown = shown;
    this.#tail = shown.slice(-TAIL);
  }

  /** Holds text back while it may still turn out to be a repetition; `last`: nothing more will come. */
  join(parts: readonly ContentPart[], last: boolean): Joined {
    const out: ContentPart[] = [];
    for (const part of parts) {
      if (part.type === "thoughts") continue;
      if (part.type !== "text" || this.#decided) out.push(part);
      else this.#hold(part.text);
    }
    if (this.#decided || !(last || this.#told())) return { parts: out, anew: false };
    this.#decided = true;
    const overlap = this.#overlap();
    // Its first word may be the one that the text was cut behind; that is no repetition of the end then.
    const anew = overlap < MIN_ANEW && this.#beginsLikeShown();
    const text = this.#held.slice(anew ? 0 : overlap);
    this.#held = "";
    return { parts: text === "" ? out : [{ type: "text", text }, ...out], anew };
  }

  #hold(text: string): void {
    if (this.#whole) {
      // Compared piece by piece: comparing all of it at every piece would be quadratic.
      const left = this.#shown.length - this.#held.length;
      this.#whole = this.#shown.startsWith(left > 0 ? text.slice(0, left) : "", this.#held.length);
    }
    this.#held += text;
  }

  /** Whether what is held can no longer grow into a longer repetition. */
  #told(): boolean {
    if (this.#whole && this.#held.length < this.#shown.length) return false;
    return this.#held.length > this.#tail.length || !this.#tail.includes(this.#held);
  }

  /** Characters of what is held that repeat the end of what was shown. */
  #overlap(): number {
    if (this.#whole && this.#held.length >= this.#shown.length) return this.#shown.length;
    for (let length = Math.min(this.#held.length, this.#tail.length); length >= MIN_WORD_OVERLAP; length--) {
      if (this.#tail.endsWith(this.#held.slice(0, length)) && this.#repeats(length)) return length;
    }
    return 0;
  }

  /** A text that repeats itself anyway, such as a table, may well go on with what it ended with. */
  #repeats(length: number): boolean {
    const overlap = this.#held.slice(0, length);
    const before = this.#shown.at(-length - 1) ?? " ";
    if (/\s/.test(before) && /^\S/.test(overlap) && /\S$/.test(overlap)) return true;
    return length >= MIN_OVERLAP && this.#shown.indexOf(overlap) === this.#shown.length - length;
  }

  #beginsLikeShown(): boolean {
    const start = this.#shown.slice(0, MIN_ANEW);
    return start.length === MIN_ANEW && this.#held.startsWith(start);
  }
}
