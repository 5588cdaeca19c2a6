import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Sent } from "./children.js";
import type { Contestant, Create, Setting } from "./contestants/contestant.js";
import type { Reading } from "./samples.js";

/** What a measuring process has: contestants, and folders for what they write. */
export interface Workplace {
  /** The same one for the same setting. */
  contestant(module: string, setting: Where, more?: object): Promise<Contestant>;
  fresh(module: string, setting: Where, more?: object): Promise<Contestant>;
}

type Where = Omit<Setting, "apiKey" | "dir">;

/** Does the work that the parent ordered on the command line, and sends it what was found. */
export async function workplace<Order>(
  work: (order: Order, at: Workplace) => Promise<Reading>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "bench-"));
  const held = new Map<string, Promise<Contestant>>();
  const fresh: Workplace["fresh"] = async (module, where, more) => {
    const { create } = (await import(pathToFileURL(module).href)) as { create: Create };
    const dir = mkdtempSync(join(root, "writes-"));
    return create({ ...where, apiKey: "sk-or-v1-bench", dir }, more);
  };
  const contestant: Workplace["contestant"] = (module, where, more) => {
    const key = JSON.stringify([module, where, more]);
    const made = held.get(key) ?? fresh(module, where, more);
    held.set(key, made);
    return made;
  };
  let sent: Sent<Reading>;
  try {
    sent = { found: await work(JSON.parse(process.argv[2] as string) as Order, { contestant, fresh }) };
    for (const each of held.values()) await (await each).close?.();
  } catch (error) {
    sent = { error: error instanceof Error ? error.message : String(error) };
  }
  rmSync(root, { recursive: true, force: true });
  await new Promise((done) => process.send?.(sent, done));
  process.exit();
}

/** @throws Error when an answer is not what the server said */
export function answering(text: string, expected: string): void {
  if (text !== expected)
    throw new Error(`a wrong answer: ${text.length} characters in place of ${expected.length}`);
}
