import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { keys } from "../support/checkpoints.js";
import { TamperedLog } from "../support/tampering.js";

const RUNS = Number(process.env.SIM_RUNS ?? 10_000);
const dir = mkdtempSync(join(tmpdir(), "tamper-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.skipIf(RUNS < 100_000)(
  "finds every edit of one byte of a journal: all other values of all bytes",
  { timeout: 3_600_000 },
  async () => {
    const log = new TamperedLog(join(dir, "log"), keys());
    for (let position = 0; position < log.bytes; position++) {
      for (let by = 1; by < 256; by++) {
        const { file, bytes } = log.edit(position, (value) => (value + by) % 256);
        if (!(await log.isFoundInMemory(file, bytes))) expect.fail(`not found: byte ${position} + ${by}`);
      }
    }
  },
);
