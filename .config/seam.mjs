// What is the seam and what the engine. The seam is every module from which @aigne/core can be reached, and no list.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const PEER = "@aigne/core";
export const SEAM_ENTRY = "index";
export const ENGINE_ENTRIES = ["chain", "testing/index", "telemetry/index"];

export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Among the modules that `entry` loads, by absolute paths: those that reach @aigne/core, and those that these import and that
 * do not.
 */
export async function seamOf(entry) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    packages: "external",
    platform: "node",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const imports = Object.entries(metafile.inputs).map(([path, input]) => [path, input.imports]);
  const reaching = new Set([PEER]);
  for (let size = 0; size !== reaching.size; ) {
    size = reaching.size;
    for (const [path, targets] of imports)
      if (targets.some((target) => reaching.has(target.path))) reaching.add(path);
  }
  const beside = imports
    .filter(([path]) => reaching.has(path))
    .flatMap(([, targets]) => targets.filter(({ external, path }) => !external && !reaching.has(path)));
  reaching.delete(PEER);
  const absolute = (paths) => new Set(paths.map((path) => resolve(root, path)));
  return { seam: absolute([...reaching]), beside: absolute(beside.map(({ path }) => path)) };
}
