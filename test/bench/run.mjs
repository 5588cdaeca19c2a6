import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "../support/run-bundled.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const run = (args, cwd) => execFileSync(npm, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });

/** By content: a clone's files are as old as the clone. */
function installed(folder) {
  const packagesOf = (path) => Object.entries(JSON.parse(readFileSync(path, "utf8")).packages);
  try {
    // npm leaves an account of what it installed.
    const present = new Map(packagesOf(`${folder}/node_modules/.package-lock.json`));
    return packagesOf(`${folder}/package-lock.json`).every(
      ([path, { version, optional }]) => path === "" || optional || present.get(path)?.version === version,
    );
  } catch {
    return false;
  }
}

// Ours are imported as users import them: from dist.
run(["run", "-s", "build"], here("../.."));
if (!installed(here("peers"))) run(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], here("peers"));

const names = ["bench", "server", "worker", "switch-worker", "slow-worker", "profile-worker"];
const bundles = await Promise.all(names.map((name) => bundle(`../bench/${name}`)));
try {
  process.chdir(here("../.."));
  await import(pathToFileURL(bundles[0]).href);
} finally {
  for (const path of bundles) rmSync(path, { force: true });
}
