import { readFile } from "node:fs/promises";
import { OptionsError } from "../errors.js";
import { checkpointFault } from "./checkpoint-shape.js";
import type { Checkpoint } from "./entry.js";

/**
 * The checkpoints in a file, a line of JSON each, as `checkpoint.to` writes them.
 *
 * @throws OptionsError naming the line that holds none, and the system's error when the file cannot be read
 */
export async function readCheckpoints(file: string): Promise<Checkpoint[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const value = parsed(line);
    const fault = value === undefined ? "no JSON" : checkpointFault(value);
    if (fault === undefined) return [value as Checkpoint];
    throw new OptionsError(`${file}:${i + 1} holds no checkpoint: ${fault}`);
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
