import { hash } from "node:crypto";
import { bounded } from "./bounded.js";
import type { JournalEntry, JournalEvent } from "./entry.js";

/** `prev` of a chain's first line. */
export const GENESIS = "0".repeat(64);

const HASH_KEY = Buffer.from(',"hash":"');
const END = Buffer.from('"}');
const PREV_KEY = Buffer.from(',"prev":"');
const DIGEST = 64;
/** `,"hash":"…"}` */
const SEAL = HASH_KEY.length + DIGEST + END.length;
/** `,"prev":"…"`, before it. */
const LINK = PREV_KEY.length + DIGEST + 1;

/** JSON.stringify leaves these as they are: what breaks lines elsewhere, steers a terminal, or reorders what is read. */
const UNSAFE =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]/;
const ALL_UNSAFE = new RegExp(UNSAFE.source, "g");

/** Of what UNSAFE finds, which is no more than some two hundred. */
const escapes = new Map<string, string>();

function escaped(text: string): string {
  const known = escapes.get(text);
  if (known !== undefined) return known;
  const units = text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  escapes.set(text, units);
  return units;
}

/** JSON that stays on one line, and reads as what it is, in whatever shows it. */
export function safeJson(value: unknown): string {
  return escapedJson(JSON.stringify(value));
}

/** The same of what is JSON already. */
export function escapedJson(json: string): string {
  // Two looks that cost next to nothing spare most lines the third.
  const isAscii = Buffer.byteLength(json) === json.length;
  if (isAscii && !json.includes("\u007f")) return json;
  return UNSAFE.test(json) ? json.replace(ALL_UNSAFE, escaped) : json;
}

/** Lines below are written as they are: to look for long strings in each would cost more than those take. */
const LONG_CHARS = 8_192;

/** An event as it waits to be written: its JSON without braces, since only the writer knows its place in the chain. */
export function bodyOf(event: JournalEvent): string {
  let json = JSON.stringify(event);
  if (json.length > LONG_CHARS) {
    const { content, ...rest } = event as JournalEvent & { content?: unknown };
    json = JSON.stringify({ ...bounded(rest), ...(content !== undefined && { content }) });
  }
  return escapedJson(json).slice(1, -1);
}

export interface Place {
  seq: number;
  ts: string;
  mono: number;
  chainId: string;
  prev: string;
}

/** More than a line has besides its body. */
export const FRAME_BYTES = 280;

/** Writes the line of an event at its place. One buffer for many lines: a string for each would take twice the time. */
export function sealInto(
  buffer: Buffer,
  at: number,
  { seq, ts, mono, chainId, prev }: Place,
  body: string,
): { end: number; hash: string } {
  const text = `{"seq":${seq},"ts":"${ts}","mono":${mono},"chainId":"${chainId}",${body},"prev":"${prev}"`;
  const sealAt = at + buffer.write(text, at);
  const digest = hash("sha256", buffer.subarray(at, sealAt));
  return { end: sealAt + buffer.write(`,"hash":"${digest}"}\n`, sealAt, "latin1"), hash: digest };
}

export interface Link {
  prev: string;
  hash: string;
}

/**
 * What a line (without its line break) says of its place in the chain, or what is wrong with it. Bytes are hashed before
 * anything is parsed, so that no two lines can read alike and differ.
 */
export function linkOf(line: Buffer): Link | string {
  const sealAt = line.length - SEAL;
  const linkAt = sealAt - LINK;
  if (
    linkAt < 1 ||
    line[sealAt - 1] !== 0x22 ||
    !HASH_KEY.equals(line.subarray(sealAt, sealAt + HASH_KEY.length)) ||
    !END.equals(line.subarray(line.length - END.length)) ||
    !PREV_KEY.equals(line.subarray(linkAt, linkAt + PREV_KEY.length))
  )
    return "is no line of a journal";
  const said = line.toString("latin1", sealAt + HASH_KEY.length, line.length - END.length);
  if (hash("sha256", line.subarray(0, sealAt)) !== said)
    return "has been changed: its bytes do not give its hash";
  return { prev: line.toString("latin1", linkAt + PREV_KEY.length, sealAt - 1), hash: said };
}

/** The entry in a line's bytes. @throws SyntaxError when it is not JSON. */
export function entryOf(line: Buffer): JournalEntry {
  return JSON.parse(line.toString()) as JournalEntry;
}

const EVENT_KEY = Buffer.from(',"event":"');

/** The event of a line, found without parsing it; "" when there is none. */
export function eventOf(line: Buffer): string {
  // Before it stand only numbers, a timestamp and hex digits.
  const at = line.indexOf(EVENT_KEY);
  if (at < 0) return "";
  const from = at + EVENT_KEY.length;
  return line.toString("latin1", from, line.indexOf(0x22, from));
}
