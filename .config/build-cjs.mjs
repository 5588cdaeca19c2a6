// Gives `require()` its own door. AIGNE ships an ES and a CommonJS build, and `instanceof ChatModel` holds only within one
// of them; so every module that reaches @aigne/core (the seam) gets a CommonJS build, and the engine stays one ES build that
// both doors share, through Node's require(esm).
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { types } from "node:util";
import { build } from "esbuild";
import { emitCommonJsDeclarations } from "./declarations-cjs.mjs";
import { ENGINE_ENTRIES, PEER, root, SEAM_ENTRY, seamOf } from "./seam.mjs";

const dist = resolve(root, "dist");
const specifier = (from, to) =>
  relative(from, to)
    .replaceAll("\\", "/")
    .replace(/^(?!\.)/, "./");

async function buildSeam() {
  const entry = resolve(dist, `${SEAM_ENTRY}.js`);
  const outfile = resolve(dist, `${SEAM_ENTRY}.cjs`);
  const { seam } = await seamOf(entry);
  if (!seam.has(entry))
    throw new Error(`dist/${SEAM_ENTRY}.js does not reach ${PEER}: the CommonJS door would be pointless`);
  for (const name of ENGINE_ENTRIES) {
    const path = resolve(dist, `${name}.js`);
    if (seam.has(path)) throw new Error(`dist/${name}.js reaches ${PEER}, and the engine must not`);
  }
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "cjs",
    packages: "external",
    platform: "node",
    target: "node20",
    logLevel: "warning",
    plugins: [
      {
        name: "engine-stays-es",
        setup({ onResolve }) {
          onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
            const target = resolve(resolveDir, path);
            return seam.has(target) ? undefined : { path: specifier(dist, target), external: true };
          });
        },
      },
    ],
  });
  return outfile;
}

/** esbuild's default import of a required ES module is the whole namespace, so such an import would break at run time. */
async function refuseDefaultImportsOfEsModules(outfile) {
  const require = createRequire(outfile);
  const { readFile } = await import("node:fs/promises");
  for (const [, name] of (await readFile(outfile, "utf8")).matchAll(/__toESM\(require\("([^"]+)"\)/g))
    if (types.isModuleNamespaceObject(require(name)))
      throw new Error(
        `the seam imports a default or a namespace from the ES module ${name}; import names instead`,
      );
}

function wrapEngine(name) {
  const target = resolve(dist, `${name}.js`);
  if (!existsSync(target)) throw new Error(`dist/${name}.js is missing; run .config/build-es.mjs first`);
  const path = resolve(dist, `${name}.cjs`);
  writeFileSync(path, `"use strict";\nmodule.exports = require("${specifier(dirname(path), target)}");\n`);
}

for (const name of ENGINE_ENTRIES) wrapEngine(name);
await refuseDefaultImportsOfEsModules(await buildSeam());
emitCommonJsDeclarations(dist, [SEAM_ENTRY, ...ENGINE_ENTRIES]);
