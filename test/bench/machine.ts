import { execFileSync } from "node:child_process";
import { arch, cpus, loadavg, platform, release } from "node:os";

export interface Machine {
  /** Node, system, cores. */
  text: string;
  /** Of the folder that is written to. */
  fileSystem: string;
  /** Processes that wanted a core, in the last minute. */
  load: number;
  date: string;
}

export function machine(dir: string): Machine {
  return {
    text: `Node ${process.version}, ${platform()} ${release().split("-")[0]} ${arch()}, ${cpus().length} cores`,
    fileSystem: fileSystemOf(dir),
    load: loadavg()[0] as number,
    date: new Date().toISOString().slice(0, 10),
  };
}

function fileSystemOf(dir: string): string {
  try {
    return execFileSync("df", ["--output=fstype", dir], { encoding: "utf8" })
      .trim()
      .split("\n")
      .at(-1) as string;
  } catch {
    return "unknown";
  }
}
