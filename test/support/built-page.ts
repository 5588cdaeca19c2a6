import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The page as it is published, built from the sources as they are now. */
export async function builtPage(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "page-"));
  const outfile = join(dir, "page.html");
  try {
    const script = fileURLToPath(new URL("../../.config/build-page.mjs", import.meta.url));
    await promisify(execFile)(process.execPath, [script, outfile]);
    return readFileSync(outfile, "utf8");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
