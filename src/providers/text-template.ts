import { ownCopy } from "../long-text.js";
import { parse } from "./json.js";

/** Stands for any text in a template under test, and is none that can be told by one. */
const PROBE = "\u0000";
const PROBE_IN_JSON = "\\u0000";
/** A template that has told fewer events was not worth its making. */
const WORTH = 4;
/** Events to be parsed before another is made after one that was not: then twice as many, since where each differs none is of use. */
const FIRST_PAUSE = 4;
const LAST_PAUSE = 1_024;
/** V8 copies a slice that is shorter; a longer one keeps all of the read it is from. */
const KEEPS_ITS_READ = 13;
/** What a JSON string holds as it is: no control character, no quote, no backslash. */
const AS_IT_IS = /^[ !#-[\]-\uffff]+$/;

/**
 * What is the same in one event after the other: all but the text. An event that has it in it need not be parsed, which
 * takes half of all the time that a stream takes. Exact, not a guess: the text stands between the quotes of a JSON
 * string, and with no quote, backslash or control character in it the rest means what it meant before.
 */
export class TextTemplate {
  readonly #textOf: (value: unknown) => string | undefined;
  #before = "";
  #after = "";
  #told = WORTH;
  #pause = 0;
  #parsed = 0;

  /** `textOf`: the text of an event that says nothing else. */
  constructor(textOf: (value: unknown) => string | undefined) {
    this.#textOf = textOf;
  }

  /** The text of an event that is like the last one but for that; undefined: it must be parsed. */
  text(data: string): string | undefined {
    const begin = this.#before.length;
    const end = data.length - this.#after.length;
    // Not startsWith, which can take ten times as long for a slice of a long string.
    if (begin === 0 || end <= begin || data.slice(0, begin) !== this.#before) return undefined;
    const text = data.slice(begin, end);
    if (data.slice(end) !== this.#after || !AS_IT_IS.test(text)) return undefined;
    this.#told++;
    return text.length < KEEPS_ITS_READ ? text : ownCopy(text);
  }

  /** An event that was parsed, and says nothing but `text`. */
  learn(data: string, text: string): void {
    if (this.#told >= WORTH) this.#pause = 0;
    if (this.#parsed++ < this.#pause || !AS_IT_IS.test(text)) return;
    this.#parsed = 0;
    this.#told = 0;
    this.#pause = Math.min(Math.max(2 * this.#pause, FIRST_PAUSE), LAST_PAUSE);
    const at = data.indexOf(`"${text}"`) + 1;
    if (at === 0) return;
    const before = data.slice(0, at);
    const after = data.slice(at + text.length);
    // The same words may stand elsewhere, in the name of a model.
    if (this.#textOf(parse(`${before}${PROBE_IN_JSON}${after}`)) !== PROBE) return;
    this.#before = ownCopy(before);
    this.#after = ownCopy(after);
  }
}
