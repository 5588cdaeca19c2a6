#!/usr/bin/env node
import { basename, relative } from "node:path";
import { run } from "./program.js";

const interrupt = new AbortController();
// Once: whoever presses Ctrl-C a second time means it.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort(name));

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // The reader has seen enough: `open-router demo | head`.
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

/** In a clone, and in a project that depends on the package, the bare name is not on the PATH. */
function commandOf(script: string): string {
  if (basename(script).startsWith("main.")) return `node ${relative(process.cwd(), script)}`;
  return /node_modules[\\/]\.bin/.test(script) ? "npx open-router" : "open-router";
}

const { stdout, stderr, env, argv } = process;
process.exitCode = await run(argv.slice(2), {
  stdout,
  stderr,
  env,
  command: commandOf(argv[1] ?? ""),
  interrupt: interrupt.signal,
});
