import { parseArgs } from "node:util";

export interface Options {
  rounds: number | undefined;
  short: boolean;
  /** Stages by name; undefined: all. */
  only: string[] | undefined;
  contestants: string[] | undefined;
  /** A Node 24 to run with; undefined: fetch one. */
  node24: string | undefined;
}

/** @throws Error for an option that is not known */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string" },
      only: { type: "string" },
      contestants: { type: "string" },
      short: { type: "boolean", default: false },
      node24: { type: "string" },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds must be a whole number above 0, got ${values.rounds}`);
  return {
    rounds,
    short: values.short,
    only: values.only?.split(","),
    contestants: values.contestants?.split(","),
    node24: values.node24,
  };
}
