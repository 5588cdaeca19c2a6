const ECHO = "[echo removed]";

/** Characters of a run that counts as an echo of the prompt. */
const RUN = 16;
/** Longer prompts are searched in their first and last half of this many characters only. */
const MAX_PROMPT = 4 * 1024 * 1024;
/** Slots of the table of hashes; 64 Ki keep false hits at some 1 % for the texts of a failure. */
const TABLE_BITS = 16;
const BASE = 0x01000193;

/**
 * Removes from texts what they repeat of a prompt: every run of at least 16 characters. White space is collapsed to
 * single spaces, to find it in a prompt that is laid out in another way. Of a prompt over 4 Mi characters only the first
 * and the last 2 Mi are searched. One pass over the prompt for all texts, linear whatever either repeats.
 */
export function withoutEchoes(texts: readonly string[], prompt: string): string[] {
  const lines = texts.map((text) => text.replace(/\s+/g, " "));
  if (prompt.length < RUN || lines.every((line) => line.length < RUN)) return lines;
  const runs = new Runs(lines);
  try {
    for (const piece of piecesOf(prompt)) runs.findIn(piece);
    return runs.withoutFound();
  } finally {
    runs.leave();
  }
}

function piecesOf(prompt: string): string[] {
  if (prompt.length <= MAX_PROMPT) return [prompt];
  return [prompt.slice(0, MAX_PROMPT / 2), prompt.slice(-MAX_PROMPT / 2)];
}

/**
 * How many wanted hashes fall into each slot: most places of a prompt need no look into the map. One for all, and empty
 * between two: one for each failure would make V8 collect its whole heap again and again.
 */
const table = new Uint16Array(1 << TABLE_BITS);

interface Run {
  text: string;
  places: { line: number; at: number }[];
}

/** The runs of some lines, of which those that occur elsewhere get marked. */
class Runs {
  readonly #lines: readonly string[];
  readonly #marks: Uint8Array[];
  /** The runs that were not found yet, by hash. */
  readonly #wanted = new Map<number, Run[]>();

  constructor(lines: readonly string[]) {
    this.#lines = lines;
    this.#marks = lines.map((line) => new Uint8Array(line.length));
    for (const [index, line] of lines.entries()) {
      for (let at = 0; at + RUN <= line.length; at++) this.#want(line.slice(at, at + RUN), index, at);
    }
  }

  /** Looks every run of a text up by a rolling hash (Rabin–Karp), each run of white space taken for one space. */
  findIn(text: string): void {
    const units = new Uint16Array(text.length);
    let length = 0;
    let hash = 0;
    for (let at = 0; at < text.length; at++) {
      let unit = text.charCodeAt(at);
      if ((unit <= 0x20 || unit >= 0xa0) && isSpace(unit)) {
        if (length > 0 && units[length - 1] === 0x20) continue;
        unit = 0x20;
      }
      if (length >= RUN) hash = (hash - Math.imul(units[length - RUN] as number, LEADING)) | 0;
      hash = (Math.imul(hash, BASE) + unit) | 0;
      units[length++] = unit;
      if (length >= RUN && table[slotOf(hash)] !== 0 && this.#wanted.has(hash)) {
        this.#found(String.fromCharCode(...units.subarray(length - RUN, length)), hash);
        if (this.#wanted.size === 0) return;
      }
    }
  }

  /** Leaves the table empty. */
  leave(): void {
    for (const hash of this.#wanted.keys()) table[slotOf(hash)] = 0;
  }

  withoutFound(): string[] {
    return this.#lines.map((line, index) => withoutMarked(line, this.#marks[index] as Uint8Array));
  }

  #want(text: string, line: number, at: number): void {
    const hash = hashOf(text);
    const runs = this.#wanted.get(hash) ?? [];
    const known = runs.find((run) => run.text === text);
    if (known) known.places.push({ line, at });
    else runs.push({ text, places: [{ line, at }] });
    if (this.#wanted.has(hash)) return;
    this.#wanted.set(hash, runs);
    this.#count(hash, 1);
  }

  #found(text: string, hash: number): void {
    const runs = this.#wanted.get(hash) ?? [];
    const found = runs.find((run) => run.text === text);
    if (!found) return;
    for (const { line, at } of found.places) this.#marks[line]?.fill(1, at, at + RUN);
    // Once is enough; without this a monotonous prompt would be compared at every place.
    runs.splice(runs.indexOf(found), 1);
    if (runs.length > 0) return;
    this.#wanted.delete(hash);
    this.#count(hash, -1);
  }

  #count(hash: number, by: number): void {
    const slot = slotOf(hash);
    table[slot] = (table[slot] as number) + by;
  }
}

/** The weight of a run's first unit when the hash moves on, before it is multiplied again. */
const LEADING = Array.from({ length: RUN - 1 }).reduce<number>((power) => Math.imul(power, BASE), 1);

function hashOf(run: string): number {
  let hash = 0;
  for (let at = 0; at < run.length; at++) hash = (Math.imul(hash, BASE) + run.charCodeAt(at)) | 0;
  return hash;
}

function slotOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - TABLE_BITS);
}

/** What `\s` matches. */
function isSpace(unit: number): boolean {
  if (unit <= 0x20) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  if (unit >= 0x2000 && unit <= 0x200a) return true;
  switch (unit) {
    case 0xa0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
    case 0xfeff:
      return true;
    default:
      return false;
  }
}

function withoutMarked(text: string, marked: Uint8Array): string {
  let result = "";
  for (let at = 0; at < text.length; at++) {
    if (!marked[at]) result += text[at];
    else if (at === 0 || !marked[at - 1]) result += ECHO;
  }
  return result;
}
