import { describe, expect, test } from "vitest";
import { SURVEY_FAULTS } from "../support/survey-faults.js";
import { observe } from "../support/trial.js";

const CLEAN = { timers: 0, listeners: 0, openRequests: 0, sockets: 0 };

describe.concurrent("the 33 faults of the field survey", () => {
  test.for(SURVEY_FAULTS)("$name: $does", async (fault) => {
    for (const streamed of [true, false]) {
      const seen = await observe(fault, streamed);
      const [first] = seen.record.attempts;
      expect({
        verdict: seen.verdict,
        ...(first?.failure && { class: first.failure.class }),
        requests: seen.requests,
      }).toEqual(fault.expect);
      expect(seen.leaks).toEqual(CLEAN);
      expect(seen.restarts).toBe(fault.midStream && streamed ? 1 : 0);
    }
  });
});
