import type { Theme } from "./theme.js";

/** Told apart with any kind of colour vision when they stand side by side in this order. */
const HUES: Record<Theme, readonly string[]> = {
  light: ["#2a78d6", "#1baf7a", "#eda100", "#4a3aa7", "#e87ba4", "#eb6834", "#008300", "#7a8797"],
  dark: ["#3987e5", "#199e70", "#c98500", "#9085e9", "#d55181", "#d95926", "#4fae4f", "#7f8b9a"],
};

/** The last hue is for all that have none of their own. */
export const MOST_NAMES = HUES.light.length - 1;

/** What charts draw with beside the hues; canvases know no CSS variables. */
export const INK: Record<Theme, { text: string; grid: string; surface: string }> = {
  light: { text: "#6b7280", grid: "#eceef1", surface: "#ffffff" },
  dark: { text: "#8b95a3", grid: "#242a33", surface: "#14181e" },
};

/** Classes have their hue for good; those that are not here share the ones that are left. */
const FAILURES = ["rate_limit", "server_error", "timeout", "network", "overloaded", "stream_interrupted"];
const FAILURE_HUES = [2, 5, 3, 0, 4, 1];

const targets = new Map<string, number>();

/** A target keeps its hue as long as the page is open. */
export function hueOfTarget(target: string, theme: Theme): string {
  const known = targets.get(target) ?? targets.size;
  targets.set(target, known);
  return hue(known, theme);
}

export function hueOfFailure(name: string, theme: Theme): string {
  const at = FAILURES.indexOf(name);
  return at < 0 ? hue(7, theme) : hue(FAILURE_HUES[at]!, theme);
}

export function hue(index: number, theme: Theme): string {
  return HUES[theme][Math.min(index, MOST_NAMES)]!;
}
