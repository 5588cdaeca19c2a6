import { afterEach, expect, it, vi } from "vitest";
import { FallbackChain, memoryAudit, OptionsError, openRouter } from "../../src/chain.js";
import { ask } from "../support/chain.js";

afterEach(() => vi.unstubAllEnvs());

it("tells a missing key before any attempt, and records the call without one", async () => {
  vi.stubEnv("OPEN_ROUTER_API_KEY", undefined);
  const audit = memoryAudit();
  const chain = new FallbackChain({
    targets: ["a/one", "b/two"],
    provider: openRouter(),
    audit,
    logger: false,
  });
  const failing = chain.complete(ask);
  await expect(failing).rejects.toThrow(OptionsError);
  await expect(failing).rejects.toThrow(/apiKey.*OPEN_ROUTER_API_KEY/);
  expect(audit.records[0]).toMatchObject({ outcome: "failed", attempts: [] });
});
