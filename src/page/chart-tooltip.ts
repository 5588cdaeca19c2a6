import type { ChartProps } from "./chart-props.js";
import { clock, day } from "./format.js";

const MOST_LINES = 8;

/** The numbers under the cursor. Names in it come from outside: everything is set as text. */
export class Tooltip {
  readonly #host: HTMLElement;
  readonly #box = document.createElement("div");

  constructor(host: HTMLElement) {
    this.#host = host;
    this.#box.className = "tooltip";
    this.#box.hidden = true;
    host.append(this.#box);
  }

  remove(): void {
    this.#box.remove();
  }

  /** Hides it where there is no bucket of this index. */
  show(props: ChartProps, index: number, left: number): void {
    const start = props.times[index];
    this.#box.hidden = start === undefined;
    if (start === undefined) return;
    const lines = props.series
      .map(({ name, color, values }) => ({ name, color, value: values[index] ?? null }))
      .filter(({ value }) => value !== null && (!props.stacked || value > 0));
    // As they lie on one another.
    if (props.stacked) lines.reverse();
    this.#box.replaceChildren(
      element(
        "div",
        "tooltip-time",
        `${day(start * 1_000)} ${clock(start * 1_000)} – ${clock((start + props.stepS) * 1_000)}`,
      ),
      ...lines.slice(0, MOST_LINES).map(({ name, color, value }) => {
        const line = element("div", "tooltip-line");
        const swatch = element("i", "swatch");
        swatch.style.background = color;
        const format = props.formatExact ?? props.format;
        line.append(
          swatch,
          element("span", "tooltip-name", name),
          element("b", "num", format(value as number)),
        );
        return line;
      }),
      ...(lines.length === 0 ? [element("div", "tooltip-none", "nothing")] : []),
    );
    const { clientWidth } = this.#host;
    const onLeft = left > clientWidth / 2;
    this.#box.style.left = onLeft ? "auto" : `${left + 14}px`;
    this.#box.style.right = onLeft ? `${clientWidth - left + 14}px` : "auto";
  }
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
