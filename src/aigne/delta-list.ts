import type { AgentResponseChunk, ChatModelOutput } from "@aigne/core";
import type { Part } from "../types.js";

export type Delta = AgentResponseChunk<ChatModelOutput>;
export type Word = Extract<Part, { type: "text" | "thoughts" }>;

/** Deltas that come together. An array of them is one, too. */
export interface DeltaList extends Iterable<Delta> {
  readonly length: number;
  at(index: number): Delta | undefined;
}

export function isWord(part: Part): part is Word {
  return part.type === "text" || part.type === "thoughts";
}

export function deltaOf({ type, text }: Word): Delta {
  return { delta: { text: type === "text" ? { text } : { thoughts: text } } };
}

/** A delta for each word, made when it is looked at: one that is made and read at once takes no room in memory. */
export class WordDeltas implements DeltaList {
  readonly #words: readonly Word[];

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  get length(): number {
    return this.#words.length;
  }

  at(index: number): Delta | undefined {
    const word = this.#words[index];
    return word && deltaOf(word);
  }

  *[Symbol.iterator](): Iterator<Delta> {
    for (const word of this.#words) yield deltaOf(word);
  }
}
