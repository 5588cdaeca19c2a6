import { readFile } from "node:fs/promises";
import { OptionsError } from "../errors.js";
import { checkpointFault } from "./checkpoint-shape.js";
import type { Checkpoint } from "./entry.js";

export interface CheckpointFile {
  checkpoints: Checkpoint[];
  /** Of lines that were left out. */
  notes: string[];
}

/**
 * The checkpoints in a file, a line of JSON each, as `checkpoint.to` writes them. A line that a crash or a full disk has
 * cut short is left out, and said.
 *
 * @throws OptionsError naming the line that holds something else, and the system's error when the file cannot be read
 */
export async function readCheckpoints(file: string): Promise<CheckpointFile> {
  const checkpoints: Checkpoint[] = [];
  const notes: string[] = [];
  for (const [i, line] of (await readFile(file, "utf8")).split("\n").entries()) {
    if (line.trim() === "") continue;
    const value = parsed(line);
    const fault = value === undefined ? "no JSON" : checkpointFault(value);
    if (fault === undefined) checkpoints.push(value as Checkpoint);
    else if (line.startsWith('{"v":1,') && !line.trimEnd().endsWith("}")) {
      notes.push(`${file}:${i + 1} was cut short when it was written, and is left out`);
    } else throw new OptionsError(`${file}:${i + 1} holds no checkpoint: ${fault}`);
  }
  return { checkpoints, notes };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
