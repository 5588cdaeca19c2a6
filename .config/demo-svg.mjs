// Draws docs/demo.svg: plays the demo on a screen in memory and takes its picture.
// Usage: node .config/demo-svg.mjs [flags of the demo]
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const given = process.argv.slice(2);
const flags = given.length > 0 ? given : ["--scene", "rate-limit", "silent", "cut"];
const root = fileURLToPath(new URL("..", import.meta.url));
const dir = `${root}.tmp/demo-svg/one/two`;
const outfile = `${dir}/demo-svg.mjs`;
try {
  await build({
    absWorkingDir: root,
    entryPoints: ["test/support/demo-svg.ts"],
    outfile,
    bundle: true,
    format: "esm",
    packages: "external",
    platform: "node",
    target: "node20",
    logLevel: "warning",
  });
  // The command looks for its version two folders up, where the bundle has no package.json of its own.
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${root}.tmp/demo-svg/package.json`, JSON.stringify({ type: "module", version: "0" }));
  const { demoSvg } = await import(pathToFileURL(outfile).href);
  writeFileSync(`${root}docs/demo.svg`, await demoSvg(flags));
} finally {
  rmSync(`${root}.tmp/demo-svg`, { recursive: true, force: true });
}
