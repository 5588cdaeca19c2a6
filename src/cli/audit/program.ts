import type { Command } from "commander";
import type { Io } from "../io.js";

/** Adds one command; `done` takes its exit code. */
export type Register = (audit: Command, io: Io, done: (code: number) => void) => void;

const COMMANDS: readonly Register[] = [];

/** `open-router audit …`: what reads a journal. */
export function addAudit(program: Command, io: Io, done: (code: number) => void): void {
  const audit = program.command("audit").description("Read a journal: verify, search, report, watch.");
  for (const register of COMMANDS) register(audit, io, done);
}

/** The option that all of them take. */
export function withDir(command: Command): Command {
  return command.requiredOption("--dir <dir>", "the journal's folder");
}
