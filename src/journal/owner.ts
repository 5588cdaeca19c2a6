import { readdir, readFile, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { DRAFT, isAlive, noteIn, noteOf, type OwnerNote, place, replace, SIGN_MS } from "./owner-note.js";
import { parseSegmentFile } from "./segment.js";

const NAME = /^([0-9a-f]{16})\.(\d+)\.owner$/;

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
  readonly #dir: string;
  readonly #path: string;
  readonly #generation: number;
  #sign: NodeJS.Timeout | undefined;

  private constructor(dir: string, chainId: string, generation: number) {
    this.chainId = chainId;
    this.#dir = dir;
    this.#generation = generation;
    this.#path = join(dir, `${chainId}.${generation}.owner`);
  }

  /** Undefined when somebody else holds the chain, or was quicker. @throws the system's error */
  static async claim(dir: string, chainId: string): Promise<Ownership | undefined> {
    const held = await highest(dir, chainId);
    if (held && isAlive(held.note, held.ageMs)) return undefined;
    const generation = (held?.generation ?? 0) + 1;
    const ownership = new Ownership(dir, chainId, generation);
    try {
      await place(ownership.#path, noteOf());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
      throw error;
    }
    const others = await generations(dir, chainId);
    if (others.some((n) => n > generation)) {
      await unlink(ownership.#path).catch(() => {});
      return undefined;
    }
    await Promise.all(others.filter((n) => n < generation).map((n) => remove(dir, chainId, n)));
    ownership.#sign = setInterval(() => void ownership.hold().catch(() => {}), SIGN_MS);
    ownership.#sign.unref();
    return ownership;
  }

  /**
   * Gives a sign of life. A note that went with its folder is put there again: without it, the next to come would write the
   * chain, too.
   *
   * @throws the system's error when that cannot be done, ENOENT when there is no folder
   */
  async hold(): Promise<void> {
    const at = new Date();
    try {
      await utimes(this.#path, at, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return;
      // Whoever took it over has removed it.
      const others = await generations(this.#dir, this.chainId);
      if (others.some((n) => n > this.#generation)) return;
      await place(this.#path, noteOf()).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      });
    }
  }

  /** Lets others write the chain; leaves nothing of one that has no line. */
  async release(): Promise<void> {
    clearInterval(this.#sign);
    const isUsed = await hasSegments(this.#dir, this.chainId).catch(() => true);
    await (isUsed ? replace(this.#path, noteOf(true)) : unlink(this.#path)).catch(() => {});
  }
}

/**
 * Removes the notes of writers that are gone, and wrote nothing: nobody claims such a chain, since nobody finds it. And notes
 * that have a successor, which died before it had removed them.
 *
 * @throws the system's error when the folder cannot be read
 */
export async function sweep(dir: string): Promise<void> {
  const files = await readdir(dir);
  for (const draft of files.filter((file) => DRAFT.test(file))) {
    const path = join(dir, draft);
    const held = await read(path);
    if (held && !isAlive(held.note, held.ageMs)) await unlink(path).catch(() => {});
  }
  for (const chainId of new Set(files.flatMap((file) => NAME.exec(file)?.[1] ?? []))) {
    const held = await highest(dir, chainId);
    const old = (await generations(dir, chainId)).filter((n) => held && n < held.generation);
    await Promise.all(old.map((n) => remove(dir, chainId, n)));
    if (await hasSegments(dir, chainId)) continue;
    // It may have written in between.
    if (!held || isAlive(held.note, held.ageMs) || (await hasSegments(dir, chainId))) continue;
    await Promise.all((await generations(dir, chainId)).map((n) => remove(dir, chainId, n)));
  }
}

async function hasSegments(dir: string, chainId: string): Promise<boolean> {
  return (await readdir(dir)).some((file) => parseSegmentFile(file)?.chainId === chainId);
}

async function generations(dir: string, chainId: string): Promise<number[]> {
  return (await readdir(dir)).flatMap((file) => {
    const [, id, generation] = NAME.exec(file) ?? [];
    return id === chainId && generation !== undefined ? [Number(generation)] : [];
  });
}

async function highest(dir: string, chainId: string): Promise<Held | undefined> {
  const all = await generations(dir, chainId);
  if (all.length === 0) return undefined;
  const generation = Math.max(...all);
  // Removed by its successor: let that one be seen.
  const held = (await read(join(dir, `${chainId}.${generation}.owner`))) ?? { note: undefined, ageMs: 0 };
  return { generation, ...held };
}

async function read(path: string): Promise<Omit<Held, "generation"> | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { note: noteIn(text), ageMs: Date.now() - mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function remove(dir: string, chainId: string, generation: number): Promise<void> {
  await unlink(join(dir, `${chainId}.${generation}.owner`)).catch(() => {});
}
