/** A logarithmic axis from one round number to another. */
export interface LogScale {
  ticks: number[];
  at(value: number): number;
}

const STEPS = [1, 2, 5];

/** @throws RangeError when a value is not above 0, or there is none */
export function logScale(values: readonly number[], from: number, to: number): LogScale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (!(least > 0) || !Number.isFinite(most)) throw new RangeError("a logarithmic axis needs values above 0");
  const steps = stepsAround(least, most);
  const [low, high] = [steps[0] as number, steps.at(-1) as number];
  const decades = steps.filter((step) => STEPS.length * Math.log10(high / low) <= 8 || isDecade(step));
  const span = Math.log(high / low);
  return { ticks: decades, at: (value) => from + ((to - from) * Math.log(value / low)) / span };
}

/** 1, 2, 5, 10, … from the last one below `least` to the first one above `most`. */
function stepsAround(least: number, most: number): number[] {
  const exponents = Array.from(
    { length: Math.ceil(Math.log10(most)) - Math.floor(Math.log10(least)) + 2 },
    (_, index) => Math.floor(Math.log10(least)) + index,
  );
  const all = exponents.flatMap((exponent) => STEPS.map((step) => Number(`${step}e${exponent}`)));
  const first = all.findLastIndex((step) => step <= least);
  const last = all.findIndex((step) => step >= most && step > (all[first] as number));
  return all.slice(first, last + 1);
}

const isDecade = (step: number) => Number.isInteger(Math.log10(step));
