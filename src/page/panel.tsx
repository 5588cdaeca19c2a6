import type { ComponentChildren } from "preact";

export interface LegendItem {
  name: string;
  /** What is shown of it. */
  short?: string;
  color: string;
  value?: string;
}

/** Height of a line of a legend, CSS pixels. */
export const LEGEND_LINE = 20;

export interface PanelProps {
  id: string;
  title: string;
  /** What the numbers are, in a few words. */
  note: string;
  legend?: LegendItem[];
  legendLines?: 1 | 2;
  actions?: ComponentChildren;
  /** Shown instead of the picture when there is nothing to draw. */
  empty?: string | false;
  children: ComponentChildren;
}

/** A chart with its name and legend. Its height does not depend on what is in it. */
export function Panel({ id, title, note, legend, legendLines = 1, actions, empty, children }: PanelProps) {
  return (
    <section class="panel" aria-labelledby={`${id}-title`} data-panel={id}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <span class="panel-note">{note}</span>
        {actions}
      </header>
      {legend && (
        <ul
          class="legend"
          style={{ height: `${legendLines * LEGEND_LINE}px` }}
          aria-label={`Legend of ${title}`}
        >
          {legend.map(({ name, short = name, color, value }) => (
            <li key={name} title={value === undefined ? name : `${name}: ${value}`}>
              <i class="swatch" style={{ background: color }} />
              <span class="legend-name">{short}</span>
              {value !== undefined && <span class="num legend-value">{value}</span>}
            </li>
          ))}
        </ul>
      )}
      <div class="panel-body">{empty ? <p class="panel-empty">{empty}</p> : children}</div>
    </section>
  );
}
