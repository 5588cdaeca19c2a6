import type { Theme } from "./theme.js";

export interface ChartSeries {
  name: string;
  color: string;
  /** One per bucket. */
  values: (number | null)[];
  width?: number;
  /** Points without a line. */
  dots?: boolean;
}

export interface ChartProps {
  /** What a screen reader says instead of the picture. */
  label: string;
  theme: Theme;
  /** Start of each bucket, s since 1970, and their width. */
  times: number[];
  stepS: number;
  /** Of the time axis, s. */
  from: number;
  to: number;
  series: ChartSeries[];
  /** Bars on one another; else lines. */
  stacked?: boolean;
  logarithmic?: boolean;
  /** Values are counts: no ticks between whole numbers. */
  counts?: boolean;
  /** Less of it for a legend of two lines. */
  height?: number;
  /** Of the value axis; else the data's. */
  max?: number;
  format: (value: number) => string;
  /** Of the tooltip, where the axis is too coarse. */
  formatExact?: (value: number) => string;
  onZoom?: ((from: number, to: number) => void) | undefined;
}
