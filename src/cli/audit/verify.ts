import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { OptionsError } from "../../errors.js";
import { readCheckpoints } from "../../journal/checkpoint-file.js";
import { verifyJournal } from "../../journal/verify.js";
import type { VerifyReport } from "../../journal/verify-report.js";
import { EXIT, type Io, interruptedExit, printJson, UsageError } from "../io.js";
import { Terminal } from "../terminal.js";
import { hasChains, systemText } from "./folder.js";
import { Progress } from "./progress.js";
import { type VerifyLine, verifyLines } from "./verify-lines.js";

export interface VerifyFlags {
  dir: string;
  checkpoints?: string;
  publicKey?: string;
  json?: boolean;
}

/** Verifies a journal. Returns the exit code: 1 when it is not what was written. */
export async function verify(flags: VerifyFlags, io: Io): Promise<number> {
  const { dir, json = false } = flags;
  const { interrupt } = io;
  const publicKey = flags.publicKey === undefined ? undefined : await keyIn(flags.publicKey);
  // Before the journal: a running writer may add to both.
  const { checkpoints, notes } =
    flags.checkpoints === undefined ? { checkpoints: [], notes: [] } : await checkpointsIn(flags.checkpoints);
  // Where checkpoints say that there was a chain, an empty folder is an answer.
  if (!(await hasChains(dir)) && checkpoints.length === 0)
    throw new UsageError(
      `--dir ${dir}: there is no journal in it (files like 0123456789abcdef.000001.jsonl)`,
    );
  const progress = new Progress(io, "verifying");
  let report: VerifyReport;
  try {
    report = await verifyJournal(dir, {
      checkpoints,
      ...(publicKey && { publicKey }),
      onProgress: progress.tell,
      signal: interrupt,
    });
  } catch (error) {
    if (interrupt.aborted) return interruptedExit(interrupt);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new UsageError(`--dir ${dir}: ${(error as Error).message}`);
  } finally {
    progress.end();
  }
  report.notes.push(...notes);
  if (json) printJson(io, report);
  else show(report, dir, new Terminal(io));
  return report.ok ? EXIT.ok : EXIT.no;
}

function show(report: VerifyReport, dir: string, terminal: Terminal): void {
  const { colors, columns } = terminal;
  const styles: Record<VerifyLine["tone"], (text: string) => string> = {
    head: colors.dim,
    good: colors.green,
    bad: colors.red,
    note: colors.dim,
    verdict: (text) => (report.ok ? colors.bold(text) : colors.red(colors.bold(text))),
  };
  terminal.line(colors.bold("open-router audit verify"));
  terminal.paragraph(dir, { style: colors.dim });
  for (const { tone, text } of verifyLines(report, columns)) terminal.line(text && styles[tone](text));
}

async function checkpointsIn(file: string) {
  try {
    return await readCheckpoints(file);
  } catch (error) {
    if (error instanceof OptionsError) throw new UsageError(`--checkpoints: ${error.message}`);
    throw new UsageError(`--checkpoints ${file}: ${systemText(error)}`);
  }
}

async function keyIn(file: string): Promise<KeyObject> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`--public-key ${file}: ${systemText(error)}`);
  }
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    // OpenSSL's words for it say less.
  }
  if (key?.asymmetricKeyType === "ed25519") return key;
  const found = key ? `a key for ${key.asymmetricKeyType}` : "no key in PEM";
  throw new UsageError(`--public-key ${file}: it holds ${found}; an Ed25519 public key is wanted`);
}
