import { rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Beside the sources, so that packages resolve as they do for them.
const outfile = here("./resilience-report.bundle.mjs");

await build({
  entryPoints: [here("./resilience-report.ts")],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
try {
  process.chdir(here("../.."));
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(outfile, { force: true });
}
