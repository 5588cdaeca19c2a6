import { parseArgs } from "node:util";

/** What follows `npm run bench --`. A run of a part prints what it finds, and leaves the page as it is. */
export interface Options {
  /** Default 7; 3 in the short form and of profiles. */
  rounds: number | undefined;
  /** Just the ratios among the bars; ends with 1 when one is too far over. */
  short: boolean;
  /** Measures nothing, and writes the page anew from the results of the last full run. */
  page: boolean;
  /** Shows where the time goes, and writes that page; of the others, only `rounds` is for it. */
  profile: boolean;
  /** Stages by name; undefined: all. */
  only: string[] | undefined;
  /** By name; undefined: all. */
  contestants: string[] | undefined;
  /** A Node 24 for what is measured under one; undefined: fetch it. All else runs under the Node that runs this. */
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
      page: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      node24: { type: "string" },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds must be a whole number above 0, got ${values.rounds}`);
  return {
    rounds,
    short: values.short,
    page: values.page,
    profile: values.profile,
    only: values.only?.split(","),
    contestants: values.contestants?.split(","),
    node24: values.node24,
  };
}
