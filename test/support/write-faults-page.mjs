import { rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Beside the sources, so that packages resolve as they do for them.
const outfile = here("./faults-report.bundle.mjs");

await build({
  entryPoints: [here("./faults-report.ts")],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
// Requests are counted: the list of models would be one more.
process.env.OPEN_ROUTER_CATALOGUE = "off";
try {
  process.chdir(here("../.."));
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(outfile, { force: true });
}
