import { rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Bundles a TypeScript module, named from this folder without its ending; resolves to the bundle's path. */
export async function bundle(name) {
  // Beside the sources, so that packages resolve as they do for them.
  const outfile = here(`./${name}.bundle.mjs`);
  await build({
    entryPoints: [here(`./${name}.ts`)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  return outfile;
}

/** Runs a TypeScript module of this folder, in the repository's root. */
export async function runBundled(name) {
  const outfile = await bundle(name);
  try {
    process.chdir(here("../.."));
    await import(pathToFileURL(outfile).href);
  } finally {
    await rm(outfile, { force: true });
  }
}
