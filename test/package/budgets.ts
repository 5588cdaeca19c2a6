import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { npm } from "./project.js";

const exec = promisify(execFile);

/**
 * What an installation may cost, a little above what it costs. Whoever needs more raises a number here, in the commit that
 * needs it, and says there why it is worth it to those who install the package.
 */
export const BUDGETS = {
  packedBytes: 570_000,
  unpackedBytes: 1_870_000,
  files: 550,
  /** Direct dependencies, and all that come with them; peers are the user's own. */
  direct: 12,
  transitive: 25,
};

export type Costs = Record<keyof typeof BUDGETS, number>;

interface Lock {
  packages: Record<
    string,
    { dev?: boolean; devOptional?: boolean; peer?: boolean; dependencies?: Record<string, string> }
  >;
}

export async function costsOf(tarball: string, lock: Lock): Promise<Costs> {
  const { stdout } = await exec(npm, ["pack", "--dry-run", "--json", tarball]);
  const [{ size, unpackedSize, entryCount }] = JSON.parse(stdout);
  const { "": root, ...others } = lock.packages;
  const installed = Object.values(others).filter(
    ({ dev, devOptional, peer }) => !dev && !devOptional && !peer,
  );
  return {
    packedBytes: size,
    unpackedBytes: unpackedSize,
    files: entryCount,
    direct: Object.keys(root?.dependencies ?? {}).length,
    transitive: installed.length,
  };
}

/** "files: 30 of 20" for each budget that is spent. */
export function overBudget(costs: Costs, budgets: Costs = BUDGETS): string[] {
  return (Object.keys(budgets) as (keyof Costs)[])
    .filter((name) => !(costs[name] <= budgets[name]))
    .map((name) => `${name}: ${costs[name]} of ${budgets[name]}`);
}
