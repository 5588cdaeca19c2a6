import { LongText } from "../long-text.js";
import type { FilePart } from "../types.js";
import { notJson } from "./json.js";
import type { SaidPart } from "./message.js";

type Texts = { [K in Exclude<SaidPart["type"], "file">]: LongText };

/** What of one answer has come, by which the news in a message that repeats the whole of it is told. */
export class AnswerSoFar {
  readonly #texts: Texts = { thoughts: new LongText(), text: new LongText(), refusal: new LongText() };
  readonly #files: FilePart[] = [];

  add(part: SaidPart): void {
    if (part.type === "file") this.#files.push(part);
    else this.#texts[part.type].add(part.text);
  }

  /**
   * What a message adds to what came before it.
   *
   * @throws SignalError when it does not begin with that: nobody can tell whether it is a further piece or another answer
   */
  news(message: readonly SaidPart[]): SaidPart[] {
    const news: SaidPart[] = [];
    for (const type of ["thoughts", "text", "refusal"] as const) {
      const whole = message.map((part) => (part.type === type ? part.text : "")).join("");
      const text = newsIn(whole, this.#texts[type].toString());
      if (text !== "") news.push({ type, text });
    }
    for (const part of message) {
      if (part.type === "file" && !this.#files.some((file) => same(file, part))) news.push(part);
    }
    return news;
  }
}

function newsIn(whole: string, before: string): string {
  if (whole.startsWith(before)) return whole.slice(before.length);
  // A message may come without the white space around it, and one of tool calls without the text.
  if (whole === "" || whole.trim() === before.trim()) return "";
  throw notJson("a message in the stream does not begin with what came before it");
}

function same(a: FilePart, b: FilePart): boolean {
  return a.data === b.data && a.url === b.url;
}
