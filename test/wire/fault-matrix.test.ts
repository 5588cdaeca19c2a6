import { describe, expect, test } from "vitest";
import { MATRIX_FAULTS } from "../support/matrix-faults.js";
import { observe } from "../support/trial.js";

const CLEAN = { timers: 0, listeners: 0, openRequests: 0, sockets: 0 };

describe.concurrent("the fault matrix", () => {
  test.for(MATRIX_FAULTS)("row $row, $name: $does", async (fault) => {
    for (const streamed of [true, false]) {
      const seen = await observe(fault, streamed);
      const [first] = seen.record.attempts;
      expect(
        {
          verdict: seen.verdict,
          ...(first?.failure && { class: first.failure.class }),
          requests: seen.requests,
        },
        JSON.stringify(first),
      ).toEqual(fault.expect);
      expect(seen.leaks).toEqual(CLEAN);
      expect(seen.restarts).toBe(fault.midStream && streamed ? 1 : 0);
      expect(seen.bytes).toBeLessThan(fault.maxBytes ?? Number.POSITIVE_INFINITY);
    }
  });
});
