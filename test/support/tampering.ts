import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../../src/journal/entry.js";
import type { RawLine } from "../../src/journal/raw-lines.js";
import { verifyJournal } from "../../src/journal/verify.js";
import { verifyChain } from "../../src/journal/verify-chain.js";
import { type Signer, signed } from "./checkpoints.js";
import { CHAIN_ID, JournalFixture } from "./journal-fixture.js";
import { syntheticCalls } from "./synthetic-calls.js";

/** A log of some segments, with a checkpoint in each, and one kept elsewhere that vouches for its last line. */
export class TamperedLog {
  readonly dir: string;
  readonly files: readonly string[];
  readonly checkpoints: readonly Checkpoint[];
  readonly #signer: Signer;
  readonly #original: ReadonlyMap<string, Buffer>;

  constructor(dir: string, signer: Signer) {
    this.dir = dir;
    this.#signer = signer;
    const fixture = new JournalFixture(dir, { segmentCalls: 1 });
    const { chainId } = fixture;
    const checkpoints: Checkpoint[] = [];
    const vouch = () => {
      const { seq, hash: head } = fixture.head;
      checkpoints.push(signed(signer, { chainId, n: checkpoints.length + 1, seq, head }));
      return checkpoints.at(-1) as Checkpoint;
    };
    for (const call of syntheticCalls(3)) {
      fixture.add(call);
      fixture.event({ event: "checkpoint", checkpoint: vouch() });
    }
    fixture.end();
    vouch();
    this.checkpoints = checkpoints;
    this.files = readdirSync(dir).sort();
    this.#original = new Map(this.files.map((file) => [file, readFileSync(join(dir, file))]));
  }

  get bytes(): number {
    return [...this.#original.values()].reduce((sum, { length }) => sum + length, 0);
  }

  original(file: string): Buffer {
    return this.#original.get(file) as Buffer;
  }

  /** Each line of the log with its line break, over all files. */
  lines(): { file: string; at: number; text: string }[] {
    return this.files.flatMap((file) =>
      this.original(file)
        .toString()
        .split(/(?<=\n)/)
        .map((text, at) => ({ file, at, text })),
    );
  }

  /** What `verify` says of the log when these files are as given, and the others as they were. `undefined` removes one. */
  async isFound(changed: Record<string, Buffer | string | undefined>): Promise<boolean> {
    for (const [file, bytes] of Object.entries(changed)) {
      if (bytes === undefined) rmSync(join(this.dir, file));
      else writeFileSync(join(this.dir, file), bytes);
    }
    const { publicKey } = this.#signer;
    const { ok } = await verifyJournal(this.dir, { checkpoints: this.checkpoints, publicKey });
    for (const file of Object.keys(changed)) {
      const original = this.#original.get(file);
      if (original) writeFileSync(join(this.dir, file), original);
      else rmSync(join(this.dir, file));
    }
    return !ok;
  }

  /** Whether one file with other bytes is found, without the detour over the disk, and without signatures. */
  async isFoundInMemory(changed: string, bytes: Buffer): Promise<boolean> {
    const segments = this.files.map((file, i) => {
      const { length } = file === changed ? bytes : this.original(file);
      return { file, path: file, chainId: CHAIN_ID, index: i + 1, bytes: length, modifiedMs: 0 };
    });
    const read = (file: string) => linesOf(file === changed ? bytes : this.original(file));
    const report = await verifyChain(
      { chainId: CHAIN_ID, segments },
      { checkpoints: this.checkpoints, read },
    );
    return !report.ok;
  }

  /** Another value in the byte at `position` of the whole log. */
  edit(position: number, other: (value: number) => number): { file: string; bytes: Buffer } {
    let at = position;
    for (const [file, original] of this.#original) {
      if (at >= original.length) {
        at -= original.length;
        continue;
      }
      const bytes = Buffer.from(original);
      bytes[at] = other(original[at] as number);
      return { file, bytes };
    }
    throw new RangeError(`the log has ${this.bytes} bytes, and no byte ${position}`);
  }
}

async function* linesOf(bytes: Buffer): AsyncGenerator<RawLine[]> {
  const lines: RawLine[] = [];
  let offset = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, offset)) {
    lines.push({ bytes: bytes.subarray(offset, end), number: lines.length + 1, offset, whole: true });
    offset = end + 1;
  }
  const rest = bytes.subarray(offset);
  if (rest.length > 0) lines.push({ bytes: rest, number: lines.length + 1, offset, whole: false });
  if (lines.length > 0) yield lines;
}
