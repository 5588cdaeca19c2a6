/** A stream that a command writes to. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

/** Everything a command touches besides the network: replaceable, so that a test can play it in process. */
export interface Io {
  stdout: Output;
  stderr: Output;
  env: Record<string, string | undefined>;
  /** How the user can call the command again. */
  command: string;
  /** Aborted with the signal's name by Ctrl-C and SIGTERM. */
  interrupt: AbortSignal;
}

/** 1: the answer is "no" (a call failed); 2: wrong usage. */
export const EXIT = { ok: 0, no: 1, usage: 2 } as const;

/** What a shell expects of a process that a signal ended: 128 and the signal's number. */
export function interruptedExit(interrupt: AbortSignal): number {
  return interrupt.reason === "SIGTERM" ? 143 : 130;
}

/** The user can put it right: printed without a stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function printJson({ stdout }: Io, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}
