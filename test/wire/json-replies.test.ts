import { describe, expect, test } from "vitest";
import type { ModelScript } from "../../src/testing/index.js";
import { SHORT_MS } from "../support/fault-case.js";
import { leavesNothingBehind } from "../support/resources.js";
import { SURVEY_FAULTS } from "../support/survey-faults.js";
import { observe } from "../support/trial.js";

leavesNothingBehind();

const faults = SURVEY_FAULTS.filter(({ primary }) => typeof primary !== "function");

/** Some servers answer a request for a stream with one JSON document. */
describe.concurrent("a primary that replies in JSON", () => {
  test.for(faults)("with $name comes to the same as in a stream", async (fault) => {
    const primary = { ...(fault.primary as object), reply: "json" } as ModelScript;
    // Half a document is no content: what is silence between tokens of a stream is silence before the first here.
    const clocks = fault.clocks && { clocks: { ...fault.clocks, firstTokenMs: SHORT_MS } };
    const { verdict, requests, restarts, leaks } = await observe({ ...fault, ...clocks, primary }, true);
    expect({ verdict, restarts }).toEqual({ verdict: fault.expect.verdict, restarts: 0 });
    expect(requests[1]).toBe(fault.expect.requests[1]);
    expect(leaks).toEqual({ timers: 0, listeners: 0, openRequests: 0, sockets: 0 });
  });
});
