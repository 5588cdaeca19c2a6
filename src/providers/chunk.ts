import { SignalError } from "../errors.js";
import { sanitizeText } from "../redaction.js";
import type { ProviderPart } from "../types.js";
import type { ReplyHeaders } from "./exchange.js";
import { asObject, type Json, own, text } from "./json.js";
import { AudioFile, imageFile } from "./output-file.js";
import { ToolCallFragments } from "./tool-call-fragments.js";
import { readUsage } from "./usage.js";

/** Characters of a model's or provider's name as the wire gives it. */
const NAME_LIMIT = 200;

export interface ChunkOptions {
  headers: ReplyHeaders;
  /** `audio.format` of the request. */
  audioFormat?: string | undefined;
}

/**
 * Decodes the chunks of one chat completion, or its whole JSON reply, into parts. Only known fields are read.
 * Its methods push what a chunk says to `out` and then throw a SignalError if it also says that something failed.
 */
export class ChunkDecoder {
  /** Text, reasoning, a tool-call fragment or a file was put out. */
  content = false;
  /** A finish reason was seen. */
  finished = false;
  readonly #headers: ReplyHeaders;
  readonly #toolCalls = new ToolCallFragments();
  readonly #audio: AudioFile;
  #meta = 0;
  #finishReason: string | undefined;

  constructor({ headers, audioFormat }: ChunkOptions) {
    this.#headers = headers;
    this.#audio = new AudioFile(audioFormat ?? "wav");
  }

  /** One SSE event; `name` is its `event:` field. */
  event(data: string, name: string | undefined, out: ProviderPart[]): void {
    const value = parse(data);
    if (name === "error") throw this.#error(value ?? data);
    const chunk = asObject(value);
    if (!chunk) throw notJson(value === undefined ? "an event is no JSON" : "an event is no JSON object");
    this.#common(chunk, out);
    const choice = firstChoice(own(chunk, "choices"));
    if (choice) {
      const delta = asObject(own(choice, "delta"));
      // A last chunk may repeat the whole message.
      this.#message(delta ?? (this.content ? undefined : asObject(own(choice, "message"))), out);
    }
    if (hasError(chunk) || hasError(choice)) throw this.#error(chunk);
    if (choice) this.#finish(choice, out);
  }

  /** A whole JSON reply. What comes with an error is not handed on, so that the failure stays before content. */
  reply(json: string, out: ProviderPart[]): void {
    const body = asObject(parse(json));
    if (!body)
      throw notJson(json.trim() === "" ? "the body is only white space" : "the body is no JSON object");
    const choices = own(body, "choices");
    const choice = firstChoice(choices);
    if (hasError(body) || hasError(choice)) throw this.#error(body);
    if (!Array.isArray(choices)) {
      throw new SignalError({ kind: "invalid", reason: "no_choices", message: "the reply has no choices" });
    }
    if (choice && own(choice, "finish_reason") === "error") throw this.#failedFinish(choice);
    this.#common(body, out);
    if (!choice) return;
    this.#message(asObject(own(choice, "message")) ?? asObject(own(choice, "delta")), out);
    this.#finish(choice, out);
    this.end(out);
  }

  /** Puts out what waits for the end of the answer. */
  end(out: ProviderPart[]): void {
    const file = this.#audio.take();
    if (file) out.push(file);
  }

  #common(chunk: Json, out: ProviderPart[]): void {
    const model = text(own(chunk, "model"));
    const generationId = text(own(chunk, "id"));
    const servedBy = text(own(chunk, "provider"));
    const known = (model ? 1 : 0) | (generationId ? 2 : 0) | (servedBy ? 4 : 0);
    // Once, or once more when a later chunk names what the first did not.
    if (known & ~this.#meta) {
      this.#meta |= known;
      out.push({
        type: "meta",
        ...(model && { model: sanitizeText(model, NAME_LIMIT) }),
        ...(generationId && { generationId: sanitizeText(generationId, NAME_LIMIT) }),
        ...(servedBy && { servedBy: sanitizeText(servedBy, NAME_LIMIT) }),
      });
    }
    const usage = readUsage(own(chunk, "usage"));
    if (usage) out.push({ type: "usage", usage });
  }

  #message(message: Json | undefined, out: ProviderPart[]): void {
    if (!message) return;
    this.#thoughts(message, out);
    this.#content(own(message, "content"), out);
    const refusal = text(own(message, "refusal"));
    if (refusal) out.push({ type: "refusal", text: refusal });
    for (const fragment of list(own(message, "tool_calls"))) {
      const part = this.#toolCalls.add(fragment);
      if (part) this.#push(part, out);
    }
    for (const image of list(own(message, "images"))) {
      const file = imageFile(image);
      if (file) this.#push(file, out);
    }
    const audio = asObject(own(message, "audio"));
    const data = text(own(audio, "data"));
    if (data) {
      this.#audio.add(data);
      this.content = true;
    }
    const transcript = text(own(audio, "transcript"));
    if (transcript) this.#push({ type: "text", text: transcript }, out);
  }

  #thoughts(message: Json, out: ProviderPart[]): void {
    // OpenRouter sends the same words in `reasoning` and in `reasoning_details`.
    const thoughts =
      text(own(message, "reasoning")) ??
      text(own(message, "reasoning_content")) ??
      text(
        list(own(message, "reasoning_details"))
          .map(
            (detail) => text(own(asObject(detail), "text")) ?? text(own(asObject(detail), "summary")) ?? "",
          )
          .join(""),
      );
    if (thoughts) this.#push({ type: "thoughts", text: thoughts }, out);
  }

  #content(content: unknown, out: ProviderPart[]): void {
    if (content === undefined || content === null || content === "") return;
    if (typeof content === "string") {
      this.#push({ type: "text", text: content }, out);
      return;
    }
    // To overlook a piece of the answer would be to cut it.
    if (!Array.isArray(content)) throw notJson(`the content is of type ${typeof content}`);
    for (const piece of content) {
      const file = imageFile(piece);
      if (file) this.#push(file, out);
      const said = typeof piece === "string" ? piece : own(asObject(piece), "text");
      this.#content(said, out);
      const thoughts = list(own(asObject(piece), "thinking"))
        .map((thought) => text(own(asObject(thought), "text")) ?? "")
        .join("");
      if (thoughts) this.#push({ type: "thoughts", text: thoughts }, out);
    }
  }

  #finish(choice: Json, out: ProviderPart[]): void {
    const reason = text(own(choice, "finish_reason"));
    if (!reason) return;
    if (reason === "error") throw this.#failedFinish(choice);
    this.finished = true;
    // OpenRouter sends it twice.
    if (reason === this.#finishReason) return;
    this.#finishReason = reason;
    this.end(out);
    out.push({ type: "finish", reason: sanitizeText(reason, NAME_LIMIT) });
  }

  #push(part: ProviderPart, out: ProviderPart[]): void {
    this.content = true;
    out.push(part);
  }

  #error(body: unknown): SignalError {
    return new SignalError({ kind: "error_body", body, headers: this.#headers, afterContent: this.content });
  }

  #failedFinish(choice: Json): SignalError {
    const detail = text(own(choice, "native_finish_reason"));
    return new SignalError({
      kind: "finish",
      reason: "error",
      afterContent: this.content,
      ...(detail && { detail: sanitizeText(detail, NAME_LIMIT) }),
    });
  }
}

/** An error envelope, or vLLM's form of one, where the error itself is the body. */
export function hasError(body: Json | undefined): boolean {
  const error = own(body, "error");
  if (error !== undefined && error !== null && error !== false && error !== "") return true;
  return own(body, "object") === "error";
}

export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function notJson(message: string): SignalError {
  return new SignalError({ kind: "invalid", reason: "json", message });
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** We ask for one choice; others, if any, are no part of the answer. */
function firstChoice(choices: unknown): Json | undefined {
  for (const value of list(choices)) {
    const choice = asObject(value);
    if (choice && (own(choice, "index") ?? 0) === 0) return choice;
  }
  return undefined;
}
