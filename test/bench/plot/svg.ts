/** A panel of its own colours, so that it reads on a light page and on a dark one. */
const PANEL = "#1e2127";
const BORDER = "#3e4451";
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

export const INK = "#d7dae0";
export const DIM = "#9aa1ad";
export const GRID = "#343944";
/** Told apart by those who see fewer colours too; each has a contrast of 4.5 : 1 or more against the panel. */
export const SERIES = ["#8b929e", "#6db3f2", "#e5c07b", "#98d379", "#d38aea"];

export function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export interface TextStyle {
  anchor?: "start" | "middle" | "end";
  fill?: string;
  size?: number;
  weight?: number;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { anchor = "start", fill = INK, size = 12, weight = 400 } = style;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" font-size="${size}" font-weight="${weight}">${xml(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-width="${width}"/>`;
}

export function panel(width: number, height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(title)}">
<title>${xml(title)}</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${PANEL}" stroke="${BORDER}"/>
<g font-family="${FONT}">
${text(16, 26, title, { size: 14, weight: 600 })}
${parts.join("\n")}
</g>
</svg>
`;
}

export const round = (value: number) => Math.round(value * 10) / 10;
