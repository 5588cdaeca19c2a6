import { WARM_UP_SHARE } from "./memory.js";
import type { Part } from "./soak.js";

const WIDTH = 760;
const HEIGHT = 260;
const LEFT = 56;
const TOP = 34;
const RIGHT = 16;
const BOTTOM = 34;
const COLORS = { "in-process": "#2a78d6", loopback: "#eb6834" };
const GREY = "#7a8797";

const style = `font: 12px system-ui, sans-serif; fill: ${GREY}`;
const text = (x: number, y: number, anchor: "start" | "middle" | "end", words: string) =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" style="${style}">${words}</text>`;

/** The next of 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((digit) => digit * power >= value) ?? 10) * power;
}

/** docs/soak.svg: the heap, from 0 up, over the share of calls made. */
export function soakChart({ parts }: { parts: readonly Part[] }): string {
  const top = roundUp(
    Math.max(...parts.flatMap(({ readings }) => readings.map((each) => each.heapUsed / 1e6))),
  );
  const x = (share: number) => Math.round((LEFT + share * (WIDTH - LEFT - RIGHT)) * 10) / 10;
  const y = (mb: number) => Math.round((HEIGHT - BOTTOM - (mb / top) * (HEIGHT - TOP - BOTTOM)) * 10) / 10;
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `<path d="M${LEFT} ${y(share * top)}H${WIDTH - RIGHT}" stroke="${GREY}" stroke-opacity="0.25"/>`,
    text(LEFT - 8, y(share * top) + 4, "end", `${Number((share * top).toFixed(1))} MB`),
    text(x(share), HEIGHT - 12, share === 0 ? "start" : share === 1 ? "end" : "middle", `${share * 100} %`),
  ]);
  const lines = parts.map(({ name, calls, readings }, index) => {
    const points = readings.map((each) => `${x(each.calls / calls)},${y(each.heapUsed / 1e6)}`).join(" ");
    const label = `${name}, ${calls.toLocaleString("en-US").replaceAll(",", " ")} calls`;
    return `<polyline points="${points}" fill="none" stroke="${COLORS[name]}" stroke-width="2"/>
<path d="M${LEFT + index * 260} 14h18" stroke="${COLORS[name]}" stroke-width="2"/>
${text(LEFT + 24 + index * 260, 18, "start", label)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>Heap in use over the share of calls made</title>
<rect x="${LEFT}" y="${TOP}" width="${x(WARM_UP_SHARE) - LEFT}" height="${HEIGHT - TOP - BOTTOM}" fill="${GREY}" fill-opacity="0.1"/>
${text(LEFT + 6, TOP + 14, "start", "warm-up")}
${grid.join("\n")}
${lines.join("\n")}
</svg>
`;
}
