import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { link, rename, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";

/** Who writes a chain. */
export interface OwnerNote {
  pid: number;
  host: string;
  /** Where that pid counts: containers may have one host name and each a process of this number. Absent where it is not told. */
  space?: string;
  /** When the process began, by the kernel's own count: pids are used again. Absent where it is not told. */
  began?: string;
  /** The writer closed the chain in good order. */
  released?: true;
}

/** A writer on another host that has not given a sign for so long is dead: its pid says nothing here. */
export const SILENT_MS = 120_000;
export const SIGN_MS = 30_000;
/** A note is written right after its file is made: an empty one that is older belongs to a writer that died in between. */
const EMPTY_MS = 10_000;
/** Of file systems without hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
const ENDED = "ended";

export function noteOf(released?: true): OwnerNote {
  const began = beganAt(process.pid);
  const space = pidSpace();
  return {
    pid: process.pid,
    host: hostname(),
    ...(space !== undefined && { space }),
    ...(began !== undefined && { began }),
    ...(released && { released }),
  };
}

/** Undefined: nobody has written it to its end. */
export function noteIn(text: string): OwnerNote | undefined {
  try {
    const { pid, host, space, began, released } = JSON.parse(text) as OwnerNote;
    if (!Number.isInteger(pid) || typeof host !== "string") return undefined;
    return {
      pid,
      host,
      ...(space !== undefined && { space }),
      ...(began !== undefined && { began }),
      ...(released && { released }),
    };
  } catch {
    return undefined;
  }
}

/** Makes the file of a note, which nobody sees before all of it is there. @throws the system's error, EEXIST among them */
export async function place(path: string, note: OwnerNote): Promise<void> {
  const text = JSON.stringify(note);
  const draft = draftOf(path);
  try {
    await writeFile(draft, text, { flag: "wx", mode: 0o640 });
    await link(draft, path);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await placeSlowly(path, text);
  } finally {
    await unlink(draft).catch(() => {});
  }
}

async function placeSlowly(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o640 });
  } catch (error) {
    // A full disk takes the name and not the note, and would be asked for another name each time.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await unlink(path).catch(() => {});
    throw error;
  }
}

/** Puts another note in its place. @throws the system's error */
export async function replace(path: string, note: OwnerNote): Promise<void> {
  const draft = draftOf(path);
  try {
    await writeFile(draft, JSON.stringify(note), { flag: "wx", mode: 0o640 });
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    throw error;
  }
}

const draftOf = (path: string) => `${path}.${randomBytes(4).toString("hex")}.draft`;
export const DRAFT = /^[0-9a-f]{16}\.\d+\.owner\.[0-9a-f]{8}\.draft$/;

/** Whether whoever wrote the note may still write. `ageMs`: since the last sign of life. */
export function isAlive(note: OwnerNote | undefined, ageMs: number): boolean {
  if (!note) return ageMs < EMPTY_MS;
  if (note.released) return false;
  const isHere = note.host === hostname() && note.space === pidSpace();
  if (!isHere) return ageMs < SILENT_MS;
  const began = beganAt(note.pid);
  // Any thread of this process may have written it, unless it has had no sign since before this process began.
  if (note.pid === process.pid && began === undefined) return ageMs < process.uptime() * 1_000;
  try {
    process.kill(note.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return note.began === undefined || began === undefined || began === note.began;
}

/** The boot, and clock ticks from it to the start of a process (field 22 of /proc/pid/stat, proc(5)), where there is a /proc. */
function beganAt(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // A zombie writes nothing any more; one that nobody waits for stays until its parent ends.
    return fields[0] === "Z" || fields[0] === "X" ? ENDED : `${boot}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** The namespace of this process's pid (pid_namespaces(7)). */
function pidSpace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return undefined;
  }
}
