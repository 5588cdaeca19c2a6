const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A bar of `share` (0 to 1) of so many columns; never empty for what is more than nothing. */
export function bar(share: number, width: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(share * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** The values, each a column's height beside the highest; nothing is a space. */
export function sparkline(values: readonly number[], highest = Math.max(...values)): string {
  return values
    .map((height) => (height === 0 ? " " : LEVELS[Math.ceil((height / highest) * LEVELS.length) - 1]))
    .join("");
}

/** The values as they are, or of more values than columns neighbours summed up. */
export function summedUp(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  const each = Math.ceil(values.length / width);
  const sums = new Array<number>(Math.ceil(values.length / each)).fill(0);
  values.forEach((value, i) => {
    sums[Math.floor(i / each)]! += value;
  });
  return sums;
}
