// Bundles src into the ES modules of dist: a file for each entry point, and few that they share. Finding and compiling a file
// for each module took most of what importing the package did.
// Usage: node .config/build-es.mjs [outdir]
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { build } from "esbuild";
import { ENGINE_ENTRIES, root, SEAM_ENTRY, seamOf } from "./seam.mjs";

const outdir = resolve(process.argv[2] ?? `${root}dist`);
const source = (name) => resolve(root, "src", `${name}.ts`);
const { seam, beside } = await seamOf(source(SEAM_ENTRY));

/**
 * An entry point that is not written. What it loads is shared with the seam, so in files of its own; without it, modules that
 * only the seam loads would be in the seam's file, and once more in its CommonJS build.
 */
const BESIDE_SEAM = "beside-seam";
const besideSeam = {
  name: BESIDE_SEAM,
  setup({ onLoad, onResolve }) {
    onResolve({ filter: new RegExp(`^${BESIDE_SEAM}$`) }, ({ path }) => ({ path, namespace: path }));
    onLoad({ filter: /./, namespace: BESIDE_SEAM }, () => ({
      contents: [...beside].map((path) => `export * from ${JSON.stringify(path)};`).join("\n"),
      resolveDir: root,
    }));
  },
};

const entries = [SEAM_ENTRY, ...ENGINE_ENTRIES, "cli/main"];
const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: {
    ...Object.fromEntries(entries.map((name) => [name, source(name)])),
    [BESIDE_SEAM]: BESIDE_SEAM,
  },
  outdir,
  // Not in a folder: page-file.ts finds the page from where it is itself.
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  packages: "external",
  platform: "node",
  target: "node20",
  write: false,
  metafile: true,
  logLevel: "warning",
  plugins: [besideSeam],
});

const seamFile = Object.values(metafile.outputs).find(
  ({ entryPoint }) => entryPoint === `src/${SEAM_ENTRY}.ts`,
);
for (const path of Object.keys(seamFile.inputs))
  if (!seam.has(resolve(root, path)))
    throw new Error(`${path} is in dist/${SEAM_ENTRY}.js and would be there twice: it is engine, not seam`);

for (const { path, contents } of outputFiles) {
  if (path === resolve(outdir, `${BESIDE_SEAM}.js`)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
