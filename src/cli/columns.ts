const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const SIMPLE = /^[\x20-\x7e]*$/;
/** Scripts whose characters take two columns, by the blocks of Unicode's East Asian Width. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u;
const ZERO = /^[\p{M}\p{Cf}]/u;
/** Controls but the line break, and what reorders a line: a model's text must not be able to steer a terminal. */
const UNSAFE = /[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/gu;

/** The text as a terminal may be given it: tabs spread, control characters gone. */
export function clean(text: string): string {
  return text.replaceAll("\t", "  ").replace(UNSAFE, "");
}

/** Clean, and on one line. */
export function oneLine(text: string): string {
  return clean(text.replace(/\s+/g, " ")).trim();
}

/** Columns a text takes. */
export function widthOf(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += columnsOf(segment);
  return width;
}

function columnsOf(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** The longest beginning of a text that fits into so many columns. */
function head(text: string, width: number): string {
  let taken = "";
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    columns += columnsOf(segment);
    if (columns > width) break;
    taken += segment;
  }
  return taken;
}

/** The text if it fits, else its beginning and an ellipsis. */
export function cut(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${head(text, Math.max(0, width - 1))}…`;
}

/** Cut or filled with spaces to exactly `width` columns. */
export function cell(text: string, width: number, align: "left" | "right" = "left"): string {
  const shown = cut(text, width);
  const space = " ".repeat(Math.max(0, width - widthOf(shown)));
  return align === "left" ? shown + space : space + shown;
}

/**
 * Lines of at most `width` columns, broken between words where possible. The last line keeps its trailing space, so
 * that a text which goes on can be wrapped from there.
 */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => wrapParagraph(paragraph, Math.max(1, width)));
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of paragraph.match(/\s*\S+|\s+/g) ?? []) {
    if (widthOf(line + piece.trimEnd()) <= width || piece.trim() === "") {
      line += piece;
      continue;
    }
    if (line.trim() !== "") lines.push(line.trimEnd());
    line = piece.trimStart();
    while (widthOf(line) > width) {
      const part = head(line, width) || line;
      lines.push(part);
      line = line.slice(part.length);
    }
  }
  return [...lines, line];
}
