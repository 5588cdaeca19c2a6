import { cell, oneLine, widthOf } from "./columns.js";

export interface TableColumn<T> {
  title: string;
  of(row: T): string;
  align?: "left" | "right";
  /** Cut where there is not enough room; others keep their width. */
  flexible?: boolean;
  /** Left out where there is not enough room, the highest first. */
  optional?: number;
}

export interface TableOptions<T> {
  width: number;
  indent?: number;
  /** Drawn into what is left of a line, `width` columns, where it is enough. */
  rest?: (row: T, width: number) => string;
}

const GAP = 2;
/** A flexible column is cut to this only when nothing optional is left. */
const GOOD_FLEXIBLE = 26;
const MIN_FLEXIBLE = 10;
const MIN_REST = 6;
const MAX_REST = 24;

/** A head and a line per row, of at most `width` columns where the table's fixed columns allow it. */
export function tableLines<T>(
  columns: readonly TableColumn<T>[],
  rows: readonly T[],
  { width, indent = 2, rest }: TableOptions<T>,
): string[] {
  const cells = new Map(columns.map((column) => [column, rows.map((row) => oneLine(column.of(row)))]));
  const natural = (column: TableColumn<T>) =>
    Math.max(widthOf(column.title), ...(cells.get(column) ?? []).map(widthOf));
  const cutTo = (most: number) => (column: TableColumn<T>) =>
    column.flexible ? Math.min(natural(column), most) : natural(column);
  const room = width - indent;
  let shown = [...columns];
  while (lineWidth(shown.map(cutTo(GOOD_FLEXIBLE))) > room) {
    const dropped = shown.toSorted((a, b) => (b.optional ?? 0) - (a.optional ?? 0))[0];
    if (!dropped?.optional) break;
    shown = shown.filter((column) => column !== dropped);
  }
  const widths = fitted(shown, shown.map(natural), shown.map(cutTo(MIN_FLEXIBLE)), room);
  const left = room - lineWidth(widths) - GAP;
  const line = (text: (column: TableColumn<T>) => string, drawn = "") => {
    const parts = shown.map((column, i) => cell(text(column), widths[i]!, column.align));
    return (" ".repeat(indent) + [...parts, drawn].join(" ".repeat(GAP))).trimEnd();
  };
  return [
    line(({ title }) => title),
    ...rows.map((row, i) =>
      line(
        (column) => cells.get(column)?.[i] ?? "",
        rest && left >= MIN_REST ? rest(row, Math.min(left, MAX_REST)) : "",
      ),
    ),
  ];
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + GAP, -GAP);
}

/** Takes what is too much from the widest flexible column, one by one. */
function fitted<T>(
  columns: readonly TableColumn<T>[],
  natural: readonly number[],
  least: readonly number[],
  room: number,
): number[] {
  const widths = [...natural];
  while (lineWidth(widths) > room) {
    let widest = -1;
    for (const [i, { flexible }] of columns.entries()) {
      if (flexible && widths[i]! > least[i]! && (widest < 0 || widths[i]! > widths[widest]!)) widest = i;
    }
    if (widest < 0) break;
    widths[widest]!--;
  }
  return widths;
}
