import { type ChildProcess, execFile, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { run } from "../../src/cli/program.js";
import { Screen } from "./screen.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Played {
  code: number;
  stdout: string;
  stderr: string;
}

export interface PlayOptions {
  env?: Record<string, string>;
  interrupt?: AbortSignal;
  /** Called at every write, with all of standard output so far. */
  onOutput?: (stdout: string) => void;
}

/** Runs a command line in this process; its output goes to a pipe. */
export async function play(argv: string[], options: PlayOptions = {}): Promise<Played> {
  const { env = {}, interrupt = new AbortController().signal, onOutput } = options;
  const played = { code: -1, stdout: "", stderr: "" };
  const write = (name: "stdout" | "stderr") => (text: string) => {
    played[name] += text;
    if (name === "stdout") onOutput?.(played.stdout);
  };
  const [stdout, stderr] = [{ write: write("stdout") }, { write: write("stderr") }];
  played.code = await run(argv, { stdout, stderr, env, interrupt, command: "open-router" });
  return played;
}

/** Runs a command line in this process; its output goes to a terminal. */
export async function playOn(screen: Screen, argv: string[], options: PlayOptions = {}): Promise<number> {
  const { env = {}, interrupt = new AbortController().signal } = options;
  return run(argv, { stdout: screen, stderr: new Screen(), env, interrupt, command: "open-router" });
}

/** The command as it is published, in a folder of its own, without the page. */
export async function builtCommand(): Promise<{ main: string; remove: () => void }> {
  mkdirSync(`${root}.tmp`, { recursive: true });
  const dir = mkdtempSync(`${root}.tmp/cli-`);
  await promisify(execFile)(process.execPath, [`${root}.config/build-es.mjs`, `${dir}/dist`]);
  copyFileSync(`${root}package.json`, `${dir}/package.json`);
  return {
    main: `${dir}/dist/cli/main.js`,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export interface RunningCommand {
  child: ChildProcess;
  /** What it has written so far. */
  output: { stdout: string; stderr: string };
  /** Resolves when standard output holds the text; rejects when the process ends without it. */
  until(text: string): Promise<void>;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function start(main: string, argv: string[], env: Record<string, string> = {}): RunningCommand {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [main, ...argv], { env: { PATH, ...env } });
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!output.stdout.includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${JSON.stringify(text)}: ${output.stderr}`)));
    });
  return { child, output, until, ended };
}

export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
