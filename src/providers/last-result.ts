/**
 * The same function, which remembers what it made of the last arguments: a provider is asked for things that hang on
 * its environment several times in a call, and the environment hardly ever changes. What it throws is not remembered.
 */
export function lastResult<A extends readonly (string | undefined)[], R>(
  make: (...args: A) => R,
): (...args: A) => R {
  let last: { args: A; result: R } | undefined;
  return (...args) => {
    if (!last?.args.every((arg, index) => arg === args[index])) last = { args, result: make(...args) };
    return last.result;
  };
}
