import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";

const seam = vi.hoisted(() => ({ opened: new Map<number, string>(), synced: [] as string[] }));

vi.mock("node:fs", async (original) => {
  const actual = await original<typeof import("node:fs")>();
  const openSync: typeof actual.openSync = (...given) => {
    const file = actual.openSync(...given);
    seam.opened.set(file, String(given[0]));
    return file;
  };
  const fsyncSync: typeof actual.fsyncSync = (file) => {
    actual.fsyncSync(file);
    seam.synced.push(seam.opened.get(file) ?? "");
  };
  return { ...actual, openSync, fsyncSync };
});

let dir: string;
beforeEach(() => {
  seam.synced.length = 0;
  dir = mkdtempSync(join(tmpdir(), "folder-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it.runIf(process.platform !== "win32")(
  "a folder that is made has its name on the disk, where lines are to be",
  async () => {
    const folder = join(dir, "a", "b");
    await journalAudit({ dir: folder, durability: "fsync" }).close?.();
    expect(seam.synced).toEqual([join(dir, "a"), dir]);
    await journalAudit({ dir: folder, durability: "fsync" }).close?.();
    await journalAudit({ dir: join(dir, "c") }).close?.();
    expect(seam.synced).toHaveLength(2);
  },
);
