import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import { calls } from "../../support/journal-calls.js";
import { countBy, readChain } from "../../support/journal-chain.js";

it("a line that comes in whatever tick after the last one was written is written as well", async () => {
  const dir = await mkdtemp(join(tmpdir(), "journal-"));
  const sink = journalAudit({ dir });
  const all = calls(60);
  for (const [ticks, { start, record }] of all.entries()) {
    await sink.start?.(start);
    for (let i = 0; i < ticks; i++) await undefined;
    sink.write(record);
    await sink.flush?.();
    expect(sink.queuedBytes).toBe(0);
  }
  await sink.close?.();
  expect(countBy((await readChain(dir)).entries, "request.end")).toBe(all.length);
  await rm(dir, { recursive: true });
});
