import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system in memory, small enough to be filled. */
export interface SmallDisk {
  readonly dir: string;
  /** Takes all room that is left. */
  fill(): void;
  /** Gives that room back. */
  free(): void;
  unmount(): void;
}

/** Why there can be none here; undefined when there can. */
export const noSmallDisk = reasonAgainst();

function reasonAgainst(): string | undefined {
  if (process.platform !== "linux") return "a small tmpfs needs Linux";
  if (process.getuid?.() !== 0) return "a small tmpfs needs root";
  try {
    smallDisk(64).unmount();
    return undefined;
  } catch (error) {
    return `no tmpfs can be mounted here: ${String(error).slice(0, 100)}`;
  }
}

export function smallDisk(kilobytes: number): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), "small-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", dir], { stdio: "pipe" });
  const ballast = join(dir, "ballast");
  return {
    dir,
    fill() {
      try {
        writeFileSync(ballast, Buffer.alloc(kilobytes * 1_024));
      } catch (error) {
        // It has taken what there was, whoever else has taken some meanwhile.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    free: () => rmSync(ballast, { force: true }),
    unmount() {
      execFileSync("umount", ["-l", dir], { stdio: "pipe" });
      rmSync(dir, { recursive: true });
    },
  };
}
