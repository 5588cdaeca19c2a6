import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Frame } from "./self-time.js";

/** Between a function's name and its module, in the name of both. */
export const FROM = " in ";

/** The module that a line of a bundle is from, counted from 0: esbuild names each before its text. */
export function moduleAt(bundle: string, line: number): string | undefined {
  return bundle
    .split("\n", line + 1)
    .findLast((text) => text.startsWith("// src/"))
    ?.slice("// ".length);
}

/** Names functions of this package with the modules they are from. */
export function originNames(): (frame: Frame) => string {
  const bundles = new Map<string, string>();
  return ({ functionName, url, lineNumber }) => {
    const bundle = bundles.get(url) ?? readFileSync(fileURLToPath(url), "utf8");
    bundles.set(url, bundle);
    return `${functionName || "(anonymous)"}${FROM}${moduleAt(bundle, lineNumber) ?? url.split("/").at(-1)}`;
  };
}
