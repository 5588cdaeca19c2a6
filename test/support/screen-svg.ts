import type { Cell, Screen } from "./screen.js";

/** One Dark's palette, with contrast of at least 4.5 : 1 against the panel. */
const PALETTE = ["#8b929e", "#ff7b85", "#98d379", "#e5c07b", "#6db3f2", "#d38aea", "#5fc9d6", "#d7dae0"];
const PANEL = "#1e2127";
const TEXT = "#d7dae0";
const DIM = "#9aa1ad";
const STRUCK = "#8b929e";
const FONT = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SIZE = 13;
const CELL = 7.83;
const LEADING = 18;
const PAD = 16;
const BAR = 26;

/** A screen as an SVG panel of its own colours, so that it reads on a light page and on a dark one. */
export function screenSvg(screen: Screen, { title }: { title: string }): string {
  const lines = screen.lines.slice(0, screen.text.findLastIndex((line) => line !== "") + 1);
  const width = Math.ceil(screen.columns * CELL + 2 * PAD);
  const height = lines.length * LEADING + 2 * PAD + BAR;
  const rows = lines.flatMap((line, i) =>
    runs(line).map((run) => runSvg(run, BAR + PAD + i * LEADING + SIZE)),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(title)}">
<title>${xml(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${PANEL}" stroke="#3e4451"/>
${["#ff5f56", "#ffbd2e", "#27c93f"].map((color, i) => `<circle cx="${18 + i * 16}" cy="17" r="5" fill="${color}"/>`).join("")}
<text x="${width / 2}" y="21" text-anchor="middle" font-family='${FONT}' font-size="12" fill="${DIM}">${xml(title)}</text>
<g font-family='${FONT}' font-size="${SIZE}" fill="${TEXT}" xml:space="preserve">
${rows.join("\n")}
</g>
</svg>
`;
}

interface Run {
  column: number;
  text: string;
  style: Cell;
}

/** Neighbours of one style; a character outside ASCII stands alone, since a font may give it another width. */
function runs(line: readonly Cell[]): Run[] {
  const found: Run[] = [];
  line.forEach((cell, column) => {
    const last = found.at(-1);
    if (last && same(last.style, cell) && /^[\x20-\x7e]+$/.test(last.text + cell.char))
      last.text += cell.char;
    else found.push({ column, text: cell.char, style: cell });
  });
  return found.flatMap((run) => {
    const text = run.style.strike ? run.text : run.text.trimEnd();
    const indent = text.length - text.trimStart().length;
    return text.trim() === "" ? [] : [{ ...run, column: run.column + indent, text: text.slice(indent) }];
  });
}

function same(a: Cell, b: Cell): boolean {
  return a.bold === b.bold && a.dim === b.dim && a.strike === b.strike && a.color === b.color;
}

function runSvg({ column, text, style }: Run, y: number): string {
  const x = (PAD + column * CELL).toFixed(2);
  const color = style.color === undefined ? undefined : PALETTE[style.color % 8];
  const fill = style.strike ? STRUCK : style.dim ? DIM : color;
  const attributes = [
    `x="${x}" y="${y}"`,
    // Whatever font is found, columns stay columns.
    ...(text.length > 1
      ? [`textLength="${(text.length * CELL).toFixed(2)}" lengthAdjust="spacingAndGlyphs"`]
      : []),
    ...(fill === undefined ? [] : [`fill="${fill}"`]),
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.strike ? ['text-decoration="line-through"'] : []),
  ];
  return `<text ${attributes.join(" ")}>${xml(text)}</text>`;
}

function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
