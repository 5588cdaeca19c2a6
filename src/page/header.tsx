import type { ComponentChildren } from "preact";
import { Close, Mark, Moon, Sun } from "./icons.js";
import { PRESETS, type Range, sameRange, saysOf } from "./range.js";
import type { Theme } from "./theme.js";

export interface HeaderProps {
  theme: Theme;
  onTheme: () => void;
  children: ComponentChildren;
}

export function Header({ theme, onTheme, children }: HeaderProps) {
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header class="top">
      <h1>
        <Mark />
        <span>
          open-router <b>audit</b>
        </span>
      </h1>
      {children}
      <button
        type="button"
        class="icon-button theme"
        onClick={onTheme}
        aria-label={`Use the ${other} theme`}
        title={`Use the ${other} theme`}
      >
        {theme === "dark" ? <Sun /> : <Moon />}
      </button>
    </header>
  );
}

export type LiveState = "live" | "reading" | "disconnected" | "stopped";

const SAYS: Record<LiveState, string> = {
  live: "Live",
  reading: "Reading",
  disconnected: "Disconnected",
  stopped: "Stopped",
};

export function LiveDot({ state, note }: { state: LiveState; note: string }) {
  return (
    <p class={`live is-${state}`} role="status" title={note}>
      <i class="live-dot" />
      <span class="live-word">{SAYS[state]}</span>
      <span class="live-note num">{note}</span>
    </p>
  );
}

export function RangePicker({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  const zoomed = typeof range === "object" && "from" in range;
  return (
    <fieldset class="ranges">
      <legend class="hidden">Time</legend>
      {zoomed && (
        <button
          type="button"
          class="zoom num"
          onClick={() => onRange(PRESETS[1]!.range)}
          title="Leave this time"
        >
          {saysOf(range)}
          <Close />
          <span class="hidden">Leave this time</span>
        </button>
      )}
      <span class="segments">
        {PRESETS.map((preset) => (
          <button
            key={preset.name}
            type="button"
            aria-pressed={sameRange(preset.range, range)}
            title={preset.says}
            aria-label={preset.says}
            onClick={() => onRange(preset.range)}
          >
            {preset.name === "all" ? "All" : preset.name}
          </button>
        ))}
      </span>
    </fieldset>
  );
}
