import { describe, expect, it } from "vitest";
import {
  AuditRefusal,
  type AuditSink,
  FallbackChain,
  hedged,
  memoryAudit,
  race,
} from "../../../src/chain.js";
import { answer, scripted } from "../../../src/providers/scripted.js";
import { ask, bench, drain } from "../../support/chain.js";

const script = { "a/one": [answer("a")], "b/two": [answer("b")] };
const refusing = (error: Error): AuditSink => ({
  start() {
    throw error;
  },
  write() {},
});

describe("a call that an audit sink refuses", () => {
  it.each([undefined, hedged(), race()])("asks nobody, and says who ended it (%#)", async (strategy) => {
    const refusal = new AuditRefusal("no room for evidence");
    const audit = memoryAudit();
    const sinks = [refusing(refusal), audit];
    const { chain, provider } = bench(script, { audit: sinks, ...(strategy && { strategy }) });
    const { error, record } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "stopped", status: 503, cause: refusal });
    expect(error?.message).toBe("The call was stopped after 0 attempts: no room for evidence.");
    expect(record).toMatchObject({ outcome: "failed", attempts: [], error: { code: "stopped" } });
    expect(audit.records).toEqual([record]);
    expect(provider.opened).toBe(0);
    expect(chain.health()["a/one"]).toMatchObject({ inFlight: 0, breaker: { state: "closed" } });
  });

  it("gets no advice about what else would have stood in the way", async () => {
    const chain = new FallbackChain({
      targets: [{ model: "a/one", contextWindow: 10 }, "b/two"],
      provider: scripted({ script }),
      audit: refusing(new AuditRefusal("no room for evidence")),
      logger: false,
    });
    const long = { messages: [{ role: "user" as const, content: "word ".repeat(500) }] };
    const { error } = await drain(chain.stream(long));
    expect(error?.skipped).toMatchObject([{ target: "a/one", reason: "context_too_small" }]);
    expect(error?.message).toBe("The call was stopped after 0 attempts: no room for evidence.");
  });

  it("says so on one line, without the secrets that a refusal quotes", async () => {
    const provider = {
      ...scripted({ script }),
      redact: (text: string) => text.replaceAll("hush-hush", "***"),
    };
    const refusal = new AuditRefusal("cannot reach\npostgres://app:pass@db with hush-hush");
    const { chain } = bench(script, { provider, audit: refusing(refusal) });
    const { error } = await drain(chain.stream(ask));
    expect(error?.message).toBe(
      "The call was stopped after 0 attempts: cannot reach postgres://[redacted]@db with ***.",
    );
  });
});
