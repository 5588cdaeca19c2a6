/** `vendor/model` as `model`, where no other target is called that. */
export function shortNames(targets: readonly string[]): (target: string) => string {
  const last = (target: string) => target.slice(target.lastIndexOf("/") + 1) || target;
  const seen = new Map<string, number>();
  for (const target of targets) seen.set(last(target), (seen.get(last(target)) ?? 0) + 1);
  return (target) => (seen.get(last(target)) === 1 ? last(target) : target);
}
