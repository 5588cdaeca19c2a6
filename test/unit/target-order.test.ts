import { describe, expect, it } from "vitest";
import { OptionsError, type Strategy, type Target } from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, drain, story } from "../support/chain.js";

const script = {
  "a/one": [[{ kind: "eof" as const, afterContent: false }], answer("a")],
  "b/two": [answer("b")],
};
const own = (order: (targets: Target[]) => unknown): Strategy => ({
  name: "own",
  order: order as Strategy["order"],
  hedgeDelay: () => Number.POSITIVE_INFINITY,
});

describe("a strategy of somebody's own", () => {
  it("may sort the targets it is given in place: the next call is given them as they were", async () => {
    const { chain } = bench(script, { strategy: own((targets) => targets.reverse()) });
    for (let i = 0; i < 3; i++)
      expect((await drain(chain.stream(ask))).record.answeredBy).toMatchObject({ target: "b/two" });
    expect(Object.keys(chain.health())).toEqual(["a/one", "b/two"]);
  });

  it("may give a target twice, or a copy of one: it is asked once", async () => {
    const strategy = own(([a, b]) => [a, { ...a }, b, a]);
    const { chain } = bench(script, { strategy, retry: { empty_response: { retries: 0 } } });
    expect(story((await drain(chain.stream(ask))).record)).toEqual([
      "a/one first failed empty_response next",
      "b/two failover won",
    ]);
  });

  it("whose order() throws ends the call in one recorded error, and not in its own", async () => {
    const bug = () => {
      throw new TypeError("a bug");
    };
    const { chain, provider, audit } = bench(script, { strategy: own(bug) });
    const { error, record } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "stopped", attempts: [] });
    expect(audit.records).toEqual([record]);
    expect(provider.requests).toHaveLength(0);
    await expect(chain.complete(ask)).rejects.toMatchObject({ code: "stopped" });
    expect(() => chain.explain(ask)).toThrow("a bug");
  });

  it.each<[string, (targets: Target[]) => unknown, string]>([
    ["nothing", () => undefined, "undefined"],
    ["an object", () => ({}), "an object"],
    ["a foreign target", ([a]) => [a, { ...a, id: "x/y" }], '["a/one", "x/y"]'],
    ["a hole", ([a]) => [a, undefined], '["a/one", undefined]'],
    ["null", () => [null], "[null]"],
  ])("that gives %s is told what it should give", async (_, order, shown) => {
    const { chain, provider, audit } = bench(script, { strategy: own(order) });
    const read = async () => {
      for await (const _ of chain.stream(ask));
    };
    const message = `strategy own: order() must return a list of targets it was given, got ${shown}`;
    await expect(read()).rejects.toThrow(new OptionsError(message));
    expect(() => chain.explain(ask)).toThrow(message);
    expect(provider.requests).toHaveLength(0);
    expect(audit.records).toMatchObject([{ outcome: "failed", attempts: [] }]);
  });
});
