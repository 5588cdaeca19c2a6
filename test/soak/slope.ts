/** A point of a curve. */
export interface Point {
  x: number;
  y: number;
}

/** By how much y grows with each unit of x, by least squares; NaN when all x are the same. */
export function slope(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const meanX = mean(({ x }) => x);
  const meanY = mean(({ y }) => y);
  const both = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return both / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

/** The points behind the first share of the way. */
export function warm(points: readonly Point[], share: number): Point[] {
  const last = points.at(-1)?.x ?? 0;
  return points.filter(({ x }) => x >= last * share);
}
