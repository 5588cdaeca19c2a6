import { SignalError } from "../errors.js";
import { finishMeaning } from "../failure/finish-reason.js";
import { sanitizeText } from "../redaction.js";
import type { ProviderPart, ToolCallPart } from "../types.js";
import { AnswerSoFar } from "./answer-so-far.js";
import type { ReplyHeaders } from "./exchange.js";
import { asObject, type Json, listIn, notJson, objectIn, own, parse, text } from "./json.js";
import { readMessage, type SaidPart, toolCallsIn } from "./message.js";
import { AudioFile } from "./output-file.js";
import { plainText } from "./plain-text.js";
import { TextTemplate } from "./text-template.js";
import { ToolCallFragments } from "./tool-call-fragments.js";
import { readUsage } from "./usage.js";

/** Characters of a model's or provider's name as the wire gives it. */
const NAME_LIMIT = 200;
/** Characters of a finish reason that is no known one. */
const REASON_LIMIT = 64;
/** A bit each for the model, the id and the provider. */
const ALL_KNOWN = 7;
/** Of two finish reasons the one that says more against the answer holds; of equal ones the later. */
const SEVERITY = { stop: 0, tool_calls: 0, length: 1, content_filter: 2 };

/**
 * Decodes the chunks of one chat completion, or its whole JSON reply, into parts. Only known fields are read.
 * Its methods push what a chunk says to `out` and then throw a SignalError if it also says that something failed.
 */
export class ChunkDecoder {
  /** Text, reasoning, a tool-call fragment or a file was put out. */
  content = false;
  /** A finish reason was seen. */
  finished = false;
  /** The answer went on behind a finish reason: some upstreams say "stop" with every chunk, and it proves nothing then. */
  resumed = false;
  /** Of the reply, for what it says that failed. */
  headers: ReplyHeaders = {};
  readonly #toolCalls = new ToolCallFragments();
  readonly #audio: AudioFile;
  #known = 0;
  readonly #soFar = new AnswerSoFar();
  readonly #template = new TextTemplate((value) => {
    const chunk = asObject(value);
    return chunk && plainText(chunk);
  });
  #finishReason: keyof typeof SEVERITY | undefined;

  /** `audioFormat`: `audio.format` of the request. */
  constructor(audioFormat = "wav") {
    this.#audio = new AudioFile(audioFormat);
  }

  /** One SSE event; `name` is its `event:` field. */
  event(data: string, name: string | undefined, out: ProviderPart[]): void {
    const alike = name === undefined ? this.#template.text(data) : undefined;
    if (alike !== undefined) {
      this.#words(alike, out);
      return;
    }
    const value = parse(data);
    if (name === "error") throw this.#error(value ?? data);
    const chunk = asObject(value);
    if (!chunk) throw notJson(value === undefined ? "an event is no JSON" : "an event is no JSON object");
    const words = plainText(chunk);
    if (words !== undefined) {
      this.#meta(chunk, out);
      this.#words(words, out);
      this.#template.learn(data, words);
      return;
    }
    this.#common(chunk, out);
    const choice = firstChoice(own(chunk, "choices"));
    if (choice) {
      const before = out.length;
      const said = this.#piece(objectIn(choice, "delta"), out);
      this.#text(choice, out, before);
      this.resumed ||=
        this.finished && out.slice(before).some(({ type }) => type !== "meta" && type !== "file");
      // Beside a delta that says something, a message only repeats.
      if (!said) this.#message(objectIn(choice, "message"), out);
    }
    if (hasError(chunk) || hasError(choice)) throw this.#error(chunk);
    if (choice) this.#finish(choice, out);
    // Choices that are no list may be an answer, and no part of one is overlooked.
    else listIn(chunk, "choices");
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
    if (choice) this.#reason(choice);
    this.#common(body, out);
    if (!choice) return;
    const before = out.length;
    this.#piece(objectIn(choice, "message") ?? objectIn(choice, "delta"), out);
    this.#text(choice, out, before);
    this.#finish(choice, out);
    this.end(out);
  }

  /** Puts out what waits for the end of the answer. */
  end(out: ProviderPart[]): void {
    const file = this.#audio.take();
    if (file) out.push(file);
  }

  #common(chunk: Json, out: ProviderPart[]): void {
    this.#meta(chunk, out);
    const usage = readUsage(own(chunk, "usage"));
    if (usage) out.push({ type: "usage", usage });
  }

  #meta(chunk: Json, out: ProviderPart[]): void {
    if (this.#known === ALL_KNOWN) return;
    const model = text(own(chunk, "model"));
    const generationId = text(own(chunk, "id"));
    const servedBy = text(own(chunk, "provider"));
    const known = (model ? 1 : 0) | (generationId ? 2 : 0) | (servedBy ? 4 : 0);
    // Once, or once more when a later chunk names what the first did not.
    if (known & ~this.#known) {
      this.#known |= known;
      out.push({
        type: "meta",
        ...(model && { model: sanitizeText(model, NAME_LIMIT) }),
        ...(generationId && { generationId: sanitizeText(generationId, NAME_LIMIT) }),
        ...(servedBy && { servedBy: sanitizeText(servedBy, NAME_LIMIT) }),
      });
    }
  }

  #words(words: string, out: ProviderPart[]): void {
    this.resumed ||= this.finished;
    this.#say({ type: "text", text: words }, out);
  }

  /** A piece of the answer. Returns whether it said anything. */
  #piece(delta: Json | undefined, out: ProviderPart[]): boolean {
    if (!delta) return false;
    const said = readMessage(delta);
    for (const part of said) this.#say(part, out);
    const calls = toolCallsIn(delta);
    for (const call of calls) this.#call(this.#toolCalls.add(call), out);
    const audio = audioIn(delta);
    if (audio) this.#hear(() => this.#audio.add(audio));
    return said.length > 0 || calls.length > 0 || audio !== undefined;
  }

  /** The whole answer as far as it has come; a last chunk may repeat it, and some send nothing else. */
  #message(message: Json | undefined, out: ProviderPart[]): void {
    if (!message) return;
    for (const part of this.#soFar.news(readMessage(message))) this.#say(part, out);
    for (const call of this.#toolCalls.whole(toolCallsIn(message))) this.#call(call, out);
    const audio = audioIn(message);
    if (audio) this.#hear(() => this.#audio.whole(audio));
  }

  /** `text` is the piece of the format before chat; Together sends it beside the delta that says the same. */
  #text(choice: Json, out: ProviderPart[], before: number): void {
    const said = text(own(choice, "text"));
    if (!said) return;
    const of = (type: "text" | "thoughts") =>
      out
        .slice(before)
        .map((part) => (part.type === type ? part.text : ""))
        .join("");
    if (said === of("text") || said === of("thoughts")) return;
    if (of("text") !== "") throw notJson("a chunk gives two different texts");
    this.#say({ type: "text", text: said }, out);
  }

  #finish(choice: Json, out: ProviderPart[]): void {
    const reason = this.#reason(choice);
    if (!reason) return;
    this.finished = true;
    // OpenRouter sends it twice; and a "stop" behind the reason for a cut does not make the answer whole.
    const last = this.#finishReason;
    if (reason === last || (last !== undefined && SEVERITY[reason] < SEVERITY[last])) return;
    this.#finishReason = reason;
    this.end(out);
    out.push({ type: "finish", reason });
  }

  /** @throws SignalError for a finish reason by which the answer failed, or may have */
  #reason(choice: Json): keyof typeof SEVERITY | undefined {
    const given = text(own(choice, "finish_reason"));
    const meaning = given === undefined ? undefined : finishMeaning(given);
    if (meaning !== "error" && meaning !== "unknown") return meaning;
    const native = text(own(choice, "native_finish_reason"));
    const detail = meaning === "error" && given?.toLowerCase() === "error" ? native : given;
    throw new SignalError({
      kind: "finish",
      reason: meaning,
      afterContent: this.content,
      ...(detail && { detail: sanitizeText(detail, REASON_LIMIT) }),
    });
  }

  #say(part: SaidPart, out: ProviderPart[]): void {
    if (part.type !== "refusal") this.content = true;
    this.#soFar.add(part);
    out.push(part);
  }

  #call(part: ToolCallPart | undefined, out: ProviderPart[]): void {
    if (!part) return;
    this.content = true;
    out.push(part);
  }

  #hear(take: () => void): void {
    take();
    this.content = true;
  }

  #error(body: unknown): SignalError {
    return new SignalError({ kind: "error_body", body, headers: this.headers, afterContent: this.content });
  }
}

/** An error envelope, or vLLM's form of one, where the error itself is the body. */
export function hasError(body: Json | undefined): boolean {
  const error = own(body, "error");
  if (error !== undefined && error !== null && error !== false && error !== "") return true;
  return own(body, "object") === "error";
}

function audioIn(message: Json): string | undefined {
  return text(own(asObject(own(message, "audio")), "data"));
}

/** We ask for one choice; others, if any, are no part of the answer. */
function firstChoice(choices: unknown): Json | undefined {
  for (const value of Array.isArray(choices) ? choices : []) {
    const choice = asObject(value);
    const index = own(choice, "index");
    // Number also reads "0"; what is no number at all tells no choices apart.
    if (choice && !Number(index)) return choice;
  }
  return undefined;
}
