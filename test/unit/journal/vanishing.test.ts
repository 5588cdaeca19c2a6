import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findCalls } from "../../../src/journal/find-call.js";
import { readCalls } from "../../../src/report/journal-calls.js";
import { writeJournal } from "../../support/journal-fixture.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

const calls = [...syntheticCalls(30)];
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vanishing-"));
  writeJournal(dir, calls, { segmentCalls: 10 });
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What retention does, while a journal is read. */
function removeOne(at: 0 | 1): void {
  rmSync(join(dir, readdirSync(dir).sort()[at] as string), { force: true });
}

it("a segment that goes while a report is made is left out", async () => {
  let told = 0;
  let removed = false;
  await readCalls(
    dir,
    { add: () => void told++ },
    {
      onProgress() {
        if (!removed) removeOne(1);
        removed = true;
      },
    },
  );
  expect(told).toBe(20);
});

it("and while a call is searched", async () => {
  const { callId } = (calls[29] as (typeof calls)[number]).record;
  let removed = false;
  const onProgress = () => {
    if (!removed) removeOne(0);
    removed = true;
  };
  const found = await findCalls(dir, callId.slice(0, 8), { onProgress });
  expect(found.map((story) => story.callId)).toEqual([callId]);
});
