/** Longer texts are not parsed. */
const MAX_JSON = 64 * 1024;
/** How far a broken body is searched for its message. */
const MAX_SEARCH = 8 * 1024;

/** JSON that is a text, or ends it after a few words, as in `529 {"type":"error",…}`. */
export function parseInside(text: string): { value: object; prefix: string } | undefined {
  if (text.length > MAX_JSON) return undefined;
  const from = text.search(/[[{]/);
  if (from < 0 || from > 64) return undefined;
  try {
    const parsed: unknown = JSON.parse(text.slice(from));
    // "[DONE]" and the "[1, 129024]" of a message are no bodies.
    if (!isObject(parsed) || (Array.isArray(parsed) && !parsed.some(isObject))) return undefined;
    return { value: parsed, prefix: text.slice(0, from) };
  } catch {
    return undefined;
  }
}

/** JSON that is cut or broken, or that holds nothing but `null`, `[]` or a number. */
export function looksLikeJson(text: string): boolean {
  const head = text.slice(0, 256).trim();
  return /^(?:data:\s*)?(?:\{|\[\s*[{"])/.test(head) || /^(?:null|true|false|\[\s*\]|[\d.-]+)$/.test(head);
}

/** The first message of JSON that was cut or broken. */
export function messageInBrokenJson(body: string): string | undefined {
  const quoted = /"message" ?: ?"((?:[^"\\]|\\.)*)/.exec(body.slice(0, MAX_SEARCH))?.[1];
  if (quoted === undefined) return undefined;
  try {
    return String(JSON.parse(`"${quoted.replace(/\\$/, "")}"`));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
