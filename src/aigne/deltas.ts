import type { ChatModelOutput } from "@aigne/core";
import { AnswerFold } from "../answer.js";
import type { AuditRecord } from "../record.js";
import type { Part } from "../types.js";
import { type Delta, type DeltaList, deltaOf, isWord, type Word, WordDeltas } from "./delta-list.js";
import { answerJson, outputFile, outputToolCalls, outputUsage } from "./output.js";

type Streamed = Word["type"];

/** Turns the chain's parts into AIGNE's deltas: text as it comes, everything else in one delta at the end. */
export class Deltas {
  readonly #fold = new AnswerFold();
  readonly #json: boolean;
  readonly #sent = new Set<Streamed>();
  #restarts = 0;
  #end: Partial<ChatModelOutput> | undefined;

  /** `json`: the answer is JSON. */
  constructor({ json }: { json: boolean }) {
    this.#json = json;
  }

  /** `record` is needed with the batch that finishes. */
  push(parts: readonly Part[], record?: AuditRecord): DeltaList {
    this.#fold.add(parts);
    if (!this.#json && !record && parts.every(isWord)) {
      for (const { type } of parts) this.#sent.add(type);
      return new WordDeltas(parts);
    }
    const chunks: Delta[] = [];
    for (const part of parts) {
      if (part.type === "restart") chunks.push(...this.#reset());
      // JSON is of use only whole; it comes as `json`, not as text.
      else if (isWord(part) && !(this.#json && part.type === "text")) {
        this.#sent.add(part.type);
        chunks.push(deltaOf(part));
      }
    }
    if (record) {
      this.#end = this.#final(record);
      chunks.push({ delta: { json: this.#end } });
    }
    return chunks;
  }

  /** What all of them so far come to. */
  output(): Partial<ChatModelOutput> {
    const { text, thoughts } = this.#fold.answer;
    const said: Partial<ChatModelOutput> = { ...this.#end };
    // Of what a restart took back nothing is left to be said.
    for (const [key, value] of Object.entries({ thoughts, text }) as [Streamed, string][]) {
      if (this.#sent.has(key) && value !== "") said[key] = value;
      else delete said[key];
    }
    return said;
  }

  /**
   * AIGNE's reset: every key already sent, set to null. On its way through `aigne.invoke` a json value equal to the
   * last one is dropped, and so would be a second null: resets take turns with "".
   */
  #reset(): Delta[] {
    const value = this.#restarts++ % 2 === 0 ? null : "";
    if (this.#sent.size === 0) return [];
    const reset = Object.fromEntries([...this.#sent].map((key) => [key, value]));
    return [{ delta: { json: reset as unknown as Partial<ChatModelOutput> } }];
  }

  #final(record: AuditRecord): Partial<ChatModelOutput> {
    const { text, thoughts, toolCalls, files, usage, model, finishReason } = this.#fold.answer;
    const json = this.#json && toolCalls.length === 0 ? answerJson(text) : undefined;
    const failedOver = record.attempts.length > 1;
    return {
      // A consumer may have joined the pieces of both answers: after a restart the last word is the whole text.
      ...(this.#restarts > 0 && this.#whole("text", text)),
      ...(this.#restarts > 0 && this.#whole("thoughts", thoughts)),
      ...(json && { json }),
      ...(toolCalls.length > 0 && { toolCalls: outputToolCalls(toolCalls) }),
      ...(files.length > 0 && { files: files.map(outputFile) }),
      model,
      ...(usage && { usage: outputUsage(usage) }),
      ...(finishReason === "length" && { finishReason }),
      ...(failedOver && { $meta: { fallback: { callId: record.callId, attempts: record.attempts } } }),
    } as Partial<ChatModelOutput>;
  }

  #whole(key: Streamed, value: string): object {
    if (!this.#sent.has(key)) return {};
    return { [key]: value === "" ? null : value };
  }
}
