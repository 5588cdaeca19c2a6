import { readFileSync } from "node:fs";
import { readdir, readFile, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** Who writes a chain. */
export interface OwnerNote {
  pid: number;
  host: string;
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

const NAME = /^([0-9a-f]{16})\.(\d+)\.owner$/;

/** What this process owns: its pid is alive, whoever of it wrote the note. */
const ours = new Set<string>();

interface Held {
  generation: number;
  note: OwnerNote | undefined;
  ageMs: number;
}

/**
 * The right to write a chain, held by the file `CHAINID.N.owner` with the highest N. Whoever finds its holder dead makes
 * the next one, which only one can. Numbers never come down, so that a slow finder cannot take what was taken meanwhile.
 */
export class Ownership {
  readonly chainId: string;
  /** Who held the chain before; undefined when nobody did. */
  readonly before: OwnerNote | undefined;
  readonly #path: string;
  #sign: NodeJS.Timeout | undefined;

  private constructor(dir: string, chainId: string, generation: number, before: OwnerNote | undefined) {
    this.chainId = chainId;
    this.before = before;
    this.#path = join(dir, `${chainId}.${generation}.owner`);
  }

  /** Undefined when somebody else holds the chain, or was quicker. */
  static async claim(dir: string, chainId: string): Promise<Ownership | undefined> {
    const held = await highest(dir, chainId);
    if (held && isAlive(held)) return undefined;
    const generation = (held?.generation ?? 0) + 1;
    const ownership = new Ownership(dir, chainId, generation, held?.note);
    try {
      await writeFile(ownership.#path, JSON.stringify(self()), { flag: "wx", mode: 0o640 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
      // A full disk takes the name and not the note, and would be asked for another name each time.
      await unlink(ownership.#path).catch(() => {});
      throw error;
    }
    ours.add(ownership.#path);
    const now = await highest(dir, chainId);
    if (now && now.generation > generation) {
      await ownership.#forget();
      return undefined;
    }
    await Promise.all(
      (await generations(dir, chainId)).filter((n) => n < generation).map((n) => remove(dir, chainId, n)),
    );
    ownership.#sign = setInterval(() => {
      const at = new Date();
      utimes(ownership.#path, at, at).catch(() => {});
    }, SIGN_MS);
    ownership.#sign.unref();
    return ownership;
  }

  /** Lets others write the chain. */
  async release(): Promise<void> {
    clearInterval(this.#sign);
    await writeFile(this.#path, JSON.stringify({ ...self(), released: true })).catch(() => {});
    ours.delete(this.#path);
  }

  async #forget(): Promise<void> {
    ours.delete(this.#path);
    await unlink(this.#path).catch(() => {});
  }
}

async function generations(dir: string, chainId: string): Promise<number[]> {
  return (await readdir(dir)).flatMap((file) => {
    const [, id, generation] = NAME.exec(file) ?? [];
    return id === chainId && generation !== undefined ? [Number(generation)] : [];
  });
}

async function highest(dir: string, chainId: string): Promise<(Held & { path: string }) | undefined> {
  const all = await generations(dir, chainId);
  if (all.length === 0) return undefined;
  const generation = Math.max(...all);
  const path = join(dir, `${chainId}.${generation}.owner`);
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { generation, note: noteIn(text), ageMs: Date.now() - mtimeMs, path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // Its successor has removed it: let that one be seen.
    return { generation, note: undefined, ageMs: 0, path };
  }
}

function noteIn(text: string): OwnerNote | undefined {
  try {
    const { pid, host, began, released } = JSON.parse(text) as OwnerNote;
    if (!Number.isInteger(pid) || typeof host !== "string") return undefined;
    return { pid, host, ...(began !== undefined && { began }), ...(released && { released }) };
  } catch {
    return undefined;
  }
}

function isAlive({ note, ageMs, path }: Held & { path: string }): boolean {
  if (!note) return ageMs < EMPTY_MS;
  if (note.released) return false;
  if (note.host !== hostname()) return ageMs < SILENT_MS;
  const began = beganAt(note.pid);
  // A container that starts again has the same host name, and often the same pid. Another thread of ours has both, too.
  if (note.pid === process.pid && began === undefined) return ours.has(path);
  try {
    process.kill(note.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return note.began === undefined || began === undefined || began === note.began;
}

function self(): OwnerNote {
  const began = beganAt(process.pid);
  return { pid: process.pid, host: hostname(), ...(began !== undefined && { began }) };
}

/** The boot, and clock ticks from it to the start of a process (field 22 of /proc/pid/stat, proc(5)), where there is a /proc. */
function beganAt(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces.
    return `${boot}:${text.slice(text.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined;
  }
}

async function remove(dir: string, chainId: string, generation: number): Promise<void> {
  await unlink(join(dir, `${chainId}.${generation}.owner`)).catch(() => {});
}
