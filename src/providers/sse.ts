import { StringDecoder } from "node:string_decoder";
import { createParser, type EventSourceMessage, type EventSourceParser } from "eventsource-parser";
import { SignalError } from "../errors.js";
import { ownCopy } from "../long-text.js";

// OpenRouter's chunks have about 330 bytes, and a whole answer of 128 Ki tokens about 40 MiB of them: the limits are far
// above what an API sends and below what would hurt a process with many streams.
/** Characters of one line. */
export const LINE_LIMIT = 1024 * 1024;
/** Characters of one event. */
export const EVENT_LIMIT = 4 * 1024 * 1024;
/** Bytes of one response, streamed or not. */
export const RESPONSE_LIMIT = 64 * 1024 * 1024;
/** Characters of comments and unknown fields between two events. */
export const COMMENT_LIMIT = 1024 * 1024;

const DATA = "data: ";
const END = "\n\n";

export interface SseLimits {
  line: number;
  event: number;
}

export const SSE_LIMITS: SseLimits = { line: LINE_LIMIT, event: EVENT_LIMIT };

export interface SseEvent {
  /** The `event:` field; absent in nearly all streams. */
  name?: string;
  data: string;
}

/** Thrown and reported when a limit is passed. */
export function oversized(what: string, limit: number): SignalError {
  return new SignalError({ kind: "invalid", reason: "oversized", message: `${what} exceeds ${limit}` });
}

/**
 * Turns bytes into events, across any split. `feed` and `end` throw a SignalError (`oversized`) when a limit is
 * passed. Events without data, as the standard says, are none.
 */
export class SseDecoder {
  // It makes the same of any bytes as a TextDecoder, but for the mark at their beginning, in a fifth of the time.
  readonly #text = new StringDecoder();
  readonly #limits: SseLimits;
  /** Made when a read comes that is more or less than one event. */
  #parser: EventSourceParser | undefined;
  /** Of the read that is being parsed. */
  #events: SseEvent[] | undefined;
  /** Of a line that has not ended. */
  #tail = "";
  #line = 0;
  #comments = 0;
  #carriage = false;
  #begun = false;
  /** No line and no event has begun, nor a line's end that may have a second half. */
  #isClean = true;
  #tooLong = false;

  constructor(limits: SseLimits = SSE_LIMITS) {
    this.#limits = limits;
  }

  feed(bytes: Uint8Array): SseEvent[] {
    const text = this.#text.write(bytes as Buffer);
    return this.#isOneEvent(text) ? [{ data: text.slice(DATA.length, -END.length) }] : this.#parse(text);
  }

  /** What is left when the stream ends: a last event that lacks its blank line. */
  end(): SseEvent[] {
    return this.#parse(`${this.#text.end()}\n\n`);
  }

  /** What nearly each read brings where a model is slower than the network, and what the parser need not look at. */
  #isOneEvent(text: string): boolean {
    if (!this.#isClean || text.length > this.#limits.line || text.length > this.#limits.event) return false;
    const hasData = text.length > DATA.length + END.length && text.startsWith(DATA) && text.endsWith(END);
    if (!hasData || text.indexOf("\n") !== text.length - END.length || text.includes("\r")) return false;
    this.#begun = true;
    this.#comments = 0;
    return true;
  }

  #parse(text: string): SseEvent[] {
    const lines = this.#withLineFeeds(this.#withoutMark(text));
    this.#measure(lines);
    // Made now, and kept no longer than the read: the events keep its text. See docs/decisions/young-and-old.md.
    const events: SseEvent[] = [];
    this.#events = events;
    this.#feed(lines);
    this.#events = undefined;
    this.#isClean = lines === "" ? this.#isClean : lines.endsWith(END) && !this.#carriage;
    if (this.#tooLong) throw oversized("an event", this.#limits.event);
    return events;
  }

  /** The parser gets whole lines: it would join what it keeps of one with all of the next read. */
  #feed(lines: string): void {
    this.#parser ??= this.#newParser();
    const first = this.#tail === "" ? 0 : lines.indexOf("\n") + 1;
    const ended = lines.lastIndexOf("\n") + 1;
    if (first > 0) {
      this.#parser.feed(this.#tail + lines.slice(0, first));
      this.#tail = "";
    }
    if (first < ended && !this.#tooLong) this.#parser.feed(lines.slice(first, ended));
    // A slice would keep the whole read.
    if (ended < lines.length) this.#tail += ownCopy(lines.slice(ended));
  }

  #newParser(): EventSourceParser {
    const parser = createParser({
      maxBufferSize: this.#limits.event,
      onEvent: (event) => this.#onEvent(event),
      onComment: (comment) => this.#skip(comment.length + 3),
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") this.#tooLong = true;
        // llama.cpp's server once sent errors in a field of that name, where every client overlooks them.
        else if (error.field === "error") this.#onEvent({ event: "error", data: error.value ?? "" });
        else this.#skip((error.line?.length ?? 0) + 1);
      },
    });
    // It would take a mark off whatever it is fed with first, which need not be the beginning.
    parser.feed("\n");
    return parser;
  }

  #withoutMark(text: string): string {
    if (this.#begun || text === "") return text;
    this.#begun = true;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  /** The parser scans a chunk anew for every CR in it; and it holds back an event whose last byte is one. */
  #withLineFeeds(text: string): string {
    let lines = text;
    if (this.#carriage && lines.startsWith("\n")) lines = lines.slice(1);
    if (text !== "") this.#carriage = text.endsWith("\r");
    return lines.includes("\r") ? lines.replace(/\r\n?/g, "\n") : lines;
  }

  #measure(text: string): void {
    const first = text.indexOf("\n");
    const line = this.#line + (first === -1 ? text.length : first);
    if (line > this.#limits.line) throw oversized("a line", this.#limits.line);
    this.#line = first === -1 ? line : text.length - text.lastIndexOf("\n") - 1;
  }

  #onEvent({ event, data }: Pick<EventSourceMessage, "event" | "data">): void {
    if (data === "") return;
    if (data.length > this.#limits.event) this.#tooLong = true;
    this.#comments = 0;
    this.#events?.push(event === undefined ? { data } : { data, name: event });
  }

  #skip(length: number): void {
    this.#comments += length;
    if (this.#comments > COMMENT_LIMIT) this.#tooLong = true;
  }
}
