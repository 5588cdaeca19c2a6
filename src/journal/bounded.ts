/** No string of a line is longer, content excepted; names of labels neither. */
export const MAX_STRING_CHARS = 1_024;

/** A copy of plain JSON with long strings cut: a label of a megabyte, or what a server calls its model, must not fill the disk. */
export function bounded<T>(value: T): T {
  return cut(value) as T;
}

function cut(value: unknown): unknown {
  if (typeof value === "string") return cutText(value);
  if (Array.isArray(value)) return value.map(cut);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cutText(key), cut(inner)]));
}

function cutText(text: string): string {
  if (text.length <= MAX_STRING_CHARS) return text;
  // Not in the middle of a character that takes two units.
  const end = MAX_STRING_CHARS - 1;
  return `${text.slice(0, /[\ud800-\udbff]/.test(text[end - 1] as string) ? end - 1 : end)}…`;
}
