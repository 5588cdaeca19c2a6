import { escapedJson } from "../journal/line.js";
import type { JournalContent } from "./journal-options.js";

/** What a line says of prompt and answer. */
export interface KeptContent {
  content?: unknown;
  /** Why they are left out: the name of what `redact` threw, or what is wrong with what it returned. */
  contentError?: string;
}

/** What `redact` makes of a call's content. Whatever is wrong with it costs the content, never the line. */
export function keptContent(
  redact: (content: JournalContent) => unknown,
  content: JournalContent,
  maxBytes: number,
): KeptContent {
  try {
    const kept = redact(content);
    if (kept instanceof Promise) {
      kept.catch(() => {});
      return { contentError: "a promise: redact must return at once" };
    }
    const json = JSON.stringify(kept);
    if (json === undefined) return {};
    if (isLonger(json, maxBytes)) return { contentError: `too long: ${json.length} characters` };
    // Not `kept` itself: it may read differently, or throw, when it is read once more.
    return { content: JSON.parse(json) };
  } catch (error) {
    return { contentError: error instanceof Error ? error.name : "thrown" };
  }
}

/** As it will be written: a character takes up to six bytes then, and what is short by its length might fill the queue alone. */
function isLonger(json: string, bytes: number): boolean {
  return json.length > bytes || (json.length * 6 > bytes && Buffer.byteLength(escapedJson(json)) > bytes);
}
