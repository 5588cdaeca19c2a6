import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { journalAudit } from "../../src/audit/journal.js";
import { readCheckpoints } from "../../src/journal/checkpoint-file.js";
import { chainsIn } from "../../src/journal/segment.js";
import { verifyJournal } from "../../src/journal/verify.js";
import { callsIn, entriesIn } from "../support/chain-lines.js";
import { stream } from "./support/random.js";

const RUNS = Number(process.env.SIM_RUNS ?? 1_000);
/** Per level: 10, 50 in CI, 500 in the deep run. */
const KILLS = Number(process.env.KILLS ?? (RUNS >= 100_000 ? 500 : RUNS >= 10_000 ? 50 : 10));
/** A folder is read whole after each kill: it must not grow for ever. */
const KILLS_PER_FOLDER = 10;
const random = stream(Number(process.env.SIM_SEED ?? 1), "kills");

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// Of this process: another run of the tests may be under way.
const child = here(`../support/journal-child.${process.pid}.bundle.mjs`);

beforeAll(async () => {
  await build({
    entryPoints: [here("../support/journal-child.ts")],
    outfile: child,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
});
afterAll(() => rmSync(child, { force: true }));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kills-"));
});
afterAll(() => rm(root, { recursive: true }));

/** What a child told before it was killed, `ms` after it had begun to write. */
async function killed(ms: number, args: string[]): Promise<string[]> {
  const writer = spawn(process.execPath, [child, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  writer.stdout.setEncoding("utf8");
  writer.stdout.on("data", (text: string) => {
    if (told === "") setTimeout(() => writer.kill("SIGKILL"), ms);
    told += text;
  });
  await once(writer, "close");
  expect(writer.exitCode, "it must run until it is killed").toBeNull();
  return told.split("\n").slice(0, -1);
}

/** What stood behind the last good lines: a recovery that is killed in turn leaves another copy. */
const torn = (dir: string) =>
  new Set(
    readdirSync(dir)
      .filter((file) => file.endsWith(".torn"))
      .map((file) => readFileSync(join(dir, file), "utf8")),
  );

/** `promised` is all that children told in this folder. */
async function check(dir: string, checkpoints: string, promised: ReadonlySet<string>): Promise<void> {
  const given = existsSync(checkpoints) ? (await readCheckpoints(checkpoints)).checkpoints : [];
  const entries = (await entriesIn(dir)).flatMap((each) => each.entries);
  const { ok, chains, problems } = await verifyJournal(dir, { checkpoints: given });
  expect({ ok, problems: [...problems, ...chains.flatMap(({ problem }) => problem ?? [])] }).toEqual({
    ok: true,
    problems: [],
  });
  const calls = callsIn(entries);
  for (const line of promised) {
    const [what, callId = ""] = line.split(" ");
    if (what === "start") expect(calls.get(callId)?.starts, line).toBe(1);
    if (what === "end") expect(calls.get(callId)?.ends, line).toEqual(["ok"]);
  }
  for (const [callId, { starts, ends }] of calls)
    expect({ starts, ends: ends.length }, callId).toEqual({ starts: 1, ends: 1 });
  const numbers = entries.map(({ chainId, seq }) => `${chainId}/${seq}`);
  expect(new Set(numbers).size, "numbers are used once").toBe(numbers.length);
}

it.each(["os", "fsync"] as const)(
  `keeps at %s what it has promised through ${KILLS} kills`,
  { timeout: 900_000 },
  async (durability) => {
    let dir = "";
    let promised = new Set<string>();
    for (let kill = 0; kill < KILLS; ) {
      if (kill % KILLS_PER_FOLDER === 0 || dir === "") {
        dir = await mkdtemp(join(root, `${durability}-`));
        promised = new Set();
      }
      const before = torn(dir);
      const checkpoints = `${dir}.checkpoints`;
      // Two at once, now and then; and one that is still about to read what the last one has left.
      const writers = random() < 0.2 ? 2 : 1;
      const told = await Promise.all(
        Array.from({ length: writers }, (_, i) => {
          const ms = random() < 0.3 ? random() * 8 : random() * 60;
          return killed(ms, [dir, durability, `${kill}-${i}`, checkpoints]);
        }),
      );
      for (const line of told.flat()) promised.add(line);
      kill += writers;
      await journalAudit({ dir }).close?.();
      // A copy that was cut short by a kill has begun like another.
      const after = [...torn(dir)].filter((text) => text !== "" && !before.has(text));
      const lines = after.filter((text) => !after.some((other) => other !== text && other.startsWith(text)));
      expect(lines.length, "lines torn").toBeLessThanOrEqual(writers);
      expect(
        lines.filter((text) => text.includes("\n")),
        "whole lines set aside",
      ).toEqual([]);
      const { length } = readdirSync(dir).filter((file) => file.endsWith(".owner"));
      expect(length, "owner files").toBeLessThanOrEqual((await chainsIn(dir)).length);
      await check(dir, checkpoints, promised);
    }
  },
);
