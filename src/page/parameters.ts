/** What is set, as the address of a request takes it. */
export function asParameters(values: Record<string, number | string | undefined>): Record<string, string> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
