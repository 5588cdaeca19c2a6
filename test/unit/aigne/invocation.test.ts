import { type AgentInvokeOptions, AIGNE } from "@aigne/core";
import { describe, expect, test } from "vitest";
import { DEPARTURE, Departure } from "../../../src/aigne/departure.js";
import { callOptionsOf, departureOf } from "../../../src/aigne/invocation.js";

const options = (more: object, userContext: Record<string, unknown> = {}) => {
  const context = new AIGNE().newContext();
  Object.assign(context.userContext, userContext);
  return { context, ...more } as AgentInvokeOptions;
};

const aborted = (given: AgentInvokeOptions) => callOptionsOf(given).signal.some((signal) => signal.aborted);

describe("the signals of a call", () => {
  test.each(["options.signal", "userContext.signal", "the context's time limit"])(
    "are aborted by %s",
    (channel) => {
      const controllers = {
        "options.signal": new AbortController(),
        "userContext.signal": new AbortController(),
      } as Record<string, AbortController>;
      const given = options(
        { signal: controllers["options.signal"]?.signal },
        { signal: controllers["userContext.signal"]?.signal },
      );
      const { internal } = given.context as unknown as { internal: { abortController: AbortController } };
      controllers["the context's time limit"] = internal.abortController;
      expect(aborted(given)).toBe(false);
      controllers[channel]?.abort();
      expect(aborted(given)).toBe(true);
    },
  );

  test("are aborted from the start when the context's time is over", () => {
    const given = options({});
    (
      given.context as unknown as { internal: { abortController: AbortController } }
    ).internal.abortController.abort();
    expect(aborted(given)).toBe(true);
  });

  test("are aborted from the start when the call's stream was cancelled before", () => {
    const departure = new Departure();
    const given = options({ [DEPARTURE]: departure });
    expect(departureOf(given)).toBe(departure);
    expect(aborted(given)).toBe(false);
    departure.left = true;
    expect(aborted(given)).toBe(true);
  });

  test("are none of what only looks like one", () => {
    const given = options({ signal: { aborted: true } }, { signal: "now" });
    expect(aborted(given)).toBe(false);
  });

  test("may be missing altogether, as the context may", () => {
    expect(callOptionsOf({} as AgentInvokeOptions)).toEqual({ signal: [], labels: {}, caller: {} });
  });
});

test("labels and caller come from the user context, as far as they are text", () => {
  const given = options({}, { labels: { team: "a", n: 5 }, userId: "u1", sessionId: 7 });
  const { labels, caller } = callOptionsOf(given);
  expect(labels).toEqual({ team: "a" });
  expect(caller).toEqual({ contextId: given.context.id, userId: "u1" });
});

test("labels that are none are left out", () => {
  expect(callOptionsOf(options({}, { labels: "x" })).labels).toEqual({});
});
