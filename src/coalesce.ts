import type { ContentPart } from "./types.js";

/** The same content with as few parts as can be: neighbours of one kind, text or thoughts, as one. */
export function coalesced(parts: readonly ContentPart[]): readonly ContentPart[] {
  if (parts.length < 2) return parts;
  const whole: ContentPart[] = [];
  for (let begin = 0, end = 0; begin < parts.length; begin = end) {
    const first = parts[begin] as ContentPart;
    end = begin + 1;
    if (!isWords(first)) {
      whole.push(first);
      continue;
    }
    const pieces = [first.text];
    for (let next = parts[end]; next?.type === first.type; next = parts[++end]) pieces.push(next.text);
    whole.push(pieces.length === 1 ? first : { type: first.type, text: pieces.join("") });
  }
  return whole;
}

function isWords(part: ContentPart): part is Extract<ContentPart, { type: "text" | "thoughts" }> {
  return part.type === "text" || part.type === "thoughts";
}
