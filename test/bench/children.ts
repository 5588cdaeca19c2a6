import { type ChildProcess, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const LIMIT_MS = 120_000;
/** AIGNE would otherwise start a tracer of its own in every process. */
const ENV = { ...process.env, AIGNE_OBSERVABILITY_DISABLED: "true" };

export const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface Child {
  /** A bundle in this folder, without its ending. */
  script: string;
  order: unknown;
  /** Of Node. */
  flags?: string[] | undefined;
  /** Default: the Node that runs the benchmark. */
  node?: string | undefined;
}

/** What a process found, or why it could not. */
export interface Sent<Answer> {
  found?: Answer;
  error?: string;
}

/** What a process sends back. @throws Error with the end of what it said when it ends without an answer */
export function ask<Answer>({ script, order, flags = [], node = process.execPath }: Child): Promise<Answer> {
  const child = fork(here(`./${script}.bundle.mjs`), [JSON.stringify(order)], {
    execPath: node,
    execArgv: ["--expose-gc", ...flags],
    env: ENV,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let answer: Sent<Answer> | undefined;
  child.once("message", (message) => {
    answer = message as Sent<Answer>;
  });
  return ended(child, () => {
    if (answer?.error !== undefined) throw new Error(answer.error);
    return answer?.found;
  });
}

/** What an ES module, given as text, prints as JSON; bare names resolve from `cwd`. */
export function evaluate<Answer>(text: string, cwd: string): Promise<Answer> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    cwd,
    env: ENV,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (bytes) => {
    said += bytes;
  });
  return ended(child, () => (said === "" ? undefined : (JSON.parse(said) as Answer)));
}

async function ended<Answer>(child: ChildProcess, answer: () => Answer | undefined): Promise<Answer> {
  let errors = "";
  child.stderr?.on("data", (bytes) => {
    errors = `${errors}${bytes}`.slice(-4_000);
  });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const code = await new Promise<number | null>((exit, failed) => {
    child.once("close", exit);
    child.once("error", failed);
  });
  clearTimeout(limit);
  const got = answer();
  if (got !== undefined) return got;
  if (late) throw new Error(`no answer within ${LIMIT_MS / 1_000} s`);
  throw new Error(errors.trim() || `ended with ${code}`);
}

/** The server's port, and how to stop it. */
export async function startServer(): Promise<{ port: number; stop(): void }> {
  const server = fork(here("./server.bundle.mjs"), { execArgv: [] });
  const port = await new Promise<number>((started, failed) => {
    server.once("message", (message) => started(message as number));
    server.once("exit", (code) => failed(new Error(`the server ended with ${code}`)));
  });
  return { port, stop: () => server.disconnect() };
}
