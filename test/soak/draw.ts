/** One of several, as likely as its share of them all. */
export function draw<T extends { share: number }>(all: readonly T[], random: () => number): T {
  let left = random() * all.reduce((sum, { share }) => sum + share, 0);
  for (const one of all) {
    left -= one.share;
    if (left < 0) return one;
  }
  return all.at(-1) as T;
}
