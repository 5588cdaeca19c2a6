import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** A Node 24: the given one, else one that npm installs into `dir`; undefined when that fails. */
export function findNode24(
  given: string | undefined,
  dir: string,
): { path: string; version: string } | undefined {
  const path = given ?? join(dir, "node_modules/node/bin/node");
  try {
    if (!existsSync(path))
      execFileSync("npm", ["install", "--prefix", dir, "--no-audit", "--no-fund", "--no-save", "node@24"], {
        stdio: "ignore",
        timeout: 180_000,
      });
    const version = execFileSync(path, ["--version"], { encoding: "utf8" }).trim();
    return version.startsWith("v24.") ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}
