import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type AuditSink, FallbackChain, scripted } from "../../../src/chain.js";
import { answer } from "../../../src/providers/scripted.js";
import { drain } from "../../support/chain.js";

const SMALL = "a/small";
const LARGE = "b/large";
const LIST = JSON.stringify({
  data: [
    { id: SMALL, context_length: 20 },
    { id: LARGE, context_length: 100_000 },
  ],
});
const LONG = { messages: [{ role: "user" as const, content: "word ".repeat(200) }] };

function chainWith(url: string, start: AuditSink["start"]): FallbackChain {
  const provider = scripted({ script: { [SMALL]: [answer("small")], [LARGE]: [answer("large")] } });
  const load = async () => ({ status: 200, headers: {}, body: LIST });
  return new FallbackChain({
    targets: [SMALL, LARGE],
    provider: { ...provider, catalogue: { url, load } },
    catalogue: {},
    audit: { ...(start && { start }), write() {} },
    logger: false,
  });
}

const skipped = async (chain: FallbackChain) => {
  const { text, record } = await drain(chain.stream(LONG));
  return { text, skipped: record.skipped.map(({ target, reason }) => `${target} ${reason}`) };
};
const PASSED_OVER = { text: "large", skipped: [`${SMALL} context_too_small`] };

const slowly = async () => {
  for (let turns = 0; turns < 20; turns++) await turn();
};

describe("the first call of a chain", () => {
  it.each<[string, AuditSink["start"]]>([
    ["does not want to know of it", undefined],
    ["notes it at once", () => {}],
    ["notes it in a moment", async () => {}],
    ["notes it in the next turn of the loop", () => turn()],
  ])("knows the list that its process has, where the sink %s", async (how, start) => {
    const url = `http://127.0.0.1:9/${encodeURIComponent(how)}`;
    await chainWith(url, undefined).catalogueLoaded();
    expect(await skipped(chainWith(url, start))).toEqual(PASSED_OVER);
  });

  it("of a process knows a list that comes while its start is being noted", async () => {
    expect(await skipped(chainWith("http://127.0.0.1:9/comes-meanwhile", slowly))).toEqual(PASSED_OVER);
  });

  it("ends in an error of its own where a provider cannot be looked at while its start is being noted", async () => {
    let isBroken = false;
    const provider = scripted({ script: { [SMALL]: [answer("small")] } });
    const { supports } = provider;
    const broken = Object.defineProperty({ ...provider }, "supports", {
      get() {
        if (isBroken) throw new Error("not to be looked at");
        return supports;
      },
    });
    const start = () => {
      isBroken = true;
      return slowly();
    };
    const chain = new FallbackChain({
      targets: [SMALL],
      provider: broken,
      audit: { start, write() {} },
      logger: false,
    });
    const { error, record } = await drain(chain.stream(LONG));
    expect(error?.code).toBe("stopped");
    expect(record.attempts).toEqual([]);
  });
});
