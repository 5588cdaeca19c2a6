import { ownCopy } from "../long-text.js";
import { parse } from "./json.js";

/** Stands for any text in a template under test. */
const PROBE = "any text";
/** Events that a template must have told before another may be made: where each differs, none is of use. */
const WORTH = 4;
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
    return text;
  }

  /** An event that was parsed, and says nothing but `text`. */
  learn(data: string, text: string): void {
    if (this.#told < WORTH || !AS_IT_IS.test(text)) return;
    this.#told = 0;
    const at = data.indexOf(`"${text}"`) + 1;
    if (at === 0) return;
    const before = data.slice(0, at);
    const after = data.slice(at + text.length);
    // The same words may stand elsewhere, in the name of a model.
    if (this.#textOf(parse(`${before}${PROBE}${after}`)) !== PROBE) return;
    this.#before = ownCopy(before);
    this.#after = ownCopy(after);
  }
}
