import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import { nodeDisk } from "../../../src/journal/disk.js";
import { calls, tell } from "../../support/journal-calls.js";
import { steppedClock } from "../../support/stepped-clock.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lost-folder-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it.each([
  ["is gone", () => {}],
  ["is gone and made anew", (folder: string) => void mkdirSync(folder)],
])("a chain whose folder %s still has one writer", async (_, anew) => {
  const clock = steppedClock();
  const folder = join(dir, "journal");
  const quiet = (sink: ReturnType<typeof journalAudit>) => sink.flush?.().catch(() => {});
  const [first, second, third] = calls(3);
  const one = journalAudit({ dir: folder }, { clock });
  await tell(one, first);
  await quiet(one);
  rmSync(folder, { recursive: true });
  anew(folder);
  clock.advance(1_000);
  const isBack = (async () => {
    await tell(one, second);
    await quiet(one);
  })();
  const timer = setInterval(() => clock.advance(50), 5);
  await isBack;
  const other = journalAudit({ dir: folder });
  await tell(other, third);
  await quiet(other);
  expect(readdirSync(folder)).toContain(`${one.chainId}.000002.jsonl`);
  expect(other.chainId).not.toBe(one.chainId);
  await Promise.allSettled([one.close?.(), other.close?.()]);
  clearInterval(timer);
});

it("a folder with a relative path is the same when the process goes to another", async () => {
  const paths: string[] = [];
  const disk = {
    ...nodeDisk,
    create: (path: string) => {
      paths.push(path);
      return nodeDisk.create(path);
    },
  };
  const sink = journalAudit({ dir: relative(process.cwd(), join(dir, "journal")) }, { disk });
  await tell(sink, calls(1)[0]);
  await sink.close?.();
  expect(paths.map(isAbsolute)).toEqual([true]);
});
