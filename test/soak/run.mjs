import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The process must end by itself; one that does not is ended after so long. */
const END_MS = 10_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bundleOf = (name) => here(`./${name}.${process.pid}.bundle.mjs`);
/** What is counted in the heap is counted by an API that Node calls experimental. */
const FLAGS = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
const NAMES = ["soak", "server", "verdict"];
const {
  SOAK_CALLS = "1000000",
  SOAK_LOOPBACK_CALLS = String(Number(SOAK_CALLS) / 10),
  SOAK_SEED = "1",
} = process.env;
/** `--json`: the result on the standard output, and no page. */
const isJson = process.argv.includes("--json");

process.chdir(here("../.."));
const dir = await mkdtemp(join(tmpdir(), "soak-"));
const path = join(dir, "result.json");
let server;
try {
  await Promise.all(
    NAMES.map((name) =>
      build({
        entryPoints: [here(`./${name}.ts`)],
        // Beside the sources, so that packages resolve as they do for them.
        outfile: bundleOf(name),
        bundle: true,
        format: "esm",
        platform: "node",
        target: "node20",
        packages: "external",
        logLevel: "warning",
      }),
    ),
  );
  server = fork(bundleOf("server"));
  const [baseURL] = await once(server, "message");
  const order = {
    calls: { inProcess: Number(SOAK_CALLS), loopback: Number(SOAK_LOOPBACK_CALLS) },
    seed: Number(SOAK_SEED),
    baseURL,
    path,
  };
  const env = { ...process.env, AIGNE_OBSERVABILITY_DISABLED: "true" };
  const soak = spawn(process.execPath, [...FLAGS, bundleOf("soak"), JSON.stringify(order)], {
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = once(soak, "exit");
  let due = Number.POSITIVE_INFINITY;
  const late = setInterval(() => {
    // The result is written when there is nothing more to do.
    if (existsSync(path)) due = Math.min(due, Date.now() + END_MS);
    if (Date.now() > due) soak.kill();
  }, 200);
  const [code, signal] = await ended;
  clearInterval(late);
  if (code !== 0) throw new Error(`the soak ended with ${code ?? signal}`);
  const soaked = JSON.parse(await readFile(path, "utf8"));
  const endMs = Date.now() - soaked.endedAt;
  server.send("served?");
  const [served] = await once(server, "message");
  const { complaintsOf, soakPage, soakChart } = await import(pathToFileURL(bundleOf("verdict")).href);
  const result = { ...soaked, served, endMs };
  const complaints = complaintsOf(result);
  if (isJson) process.stdout.write(JSON.stringify({ complaints, ...result }));
  else {
    await writeFile("docs/soak.md", soakPage(result));
    await writeFile("docs/soak.svg", soakChart(result));
    process.stdout.write("docs/soak.md is written\n");
    for (const complaint of complaints) process.stdout.write(`- ${complaint}\n`);
  }
  process.exitCode = complaints.length > 0 ? 1 : 0;
} finally {
  server?.kill();
  await rm(dir, { recursive: true });
  for (const name of NAMES) await rm(bundleOf(name), { force: true });
}
