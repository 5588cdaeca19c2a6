import type { Frame } from "./self-time.js";

export const THIS_PACKAGE = "this package";
const PUBLISHED = "published @aigne/open-router";
const PROGRAM = "(program)";
const NATIVE = "V8 and system calls";
const OTHERS = "other packages";
const SHOWN = ["undici", "eventsource-parser", "openai", "zod"];
const WITHOUT_URL: Record<string, string> = {
  "(program)": PROGRAM,
  "(root)": PROGRAM,
  "(garbage collector)": "garbage collector",
};

/** Whose code a frame is. `root`: the repository's URL, with a slash at its end. */
export function ownerOf({ functionName, url }: Frame, root: string): string {
  if (url === "") return WITHOUT_URL[functionName] ?? NATIVE;
  if (url.startsWith("node:")) return "Node.js";
  if (url.startsWith("wasm:")) return "undici";
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (name !== undefined) return ownerOfPackage(name);
  if (url.startsWith(`${root}dist/`)) return THIS_PACKAGE;
  return url.startsWith(`${root}test/bench/`) ? "the benchmark itself" : OTHERS;
}

function ownerOfPackage(name: string): string {
  if (name === "@aigne/open-router" || name === "@aigne/openai") return PUBLISHED;
  if (name.startsWith("@aigne/")) return "@aigne/core";
  return SHOWN.includes(name) ? name : OTHERS;
}
