/** A backslash, or several where a text was quoted more than once, and what it stands before. */
const ESCAPES = /\\+(?:u([\da-f]{4})|x([\da-f]{2})|([nrt])|(["'/`]))/gi;

/** A text without the escapes that JSON, or the languages servers are written in, put into what they quote. */
export function withoutEscapes(text: string): string {
  return text.replace(ESCAPES, (_, unit?: string, byte?: string, space?: string, sign?: string) => {
    if (space !== undefined) return " ";
    return sign ?? String.fromCharCode(Number.parseInt((unit ?? byte) as string, 16));
  });
}
