#!/usr/bin/env node
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

const { stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, env, interrupt: interrupt.signal });
