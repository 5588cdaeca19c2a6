/** Three significant figures, without an exponent. */
export function figures(value: number): string {
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(3, Math.max(0, 2 - size)));
}

export const MIB = 1_048_576;
