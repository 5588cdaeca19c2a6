import { expect, it } from "vitest";
import type { Script } from "../../../src/chain.js";
import { answer } from "../../../src/providers/scripted.js";
import { ask, bench, drain } from "../../support/chain.js";
import { steppedClock } from "../../support/stepped-clock.js";

const A = "a/one";
const down: Script = [{ kind: "http", status: 500, headers: {}, body: "" }];

it("the record tells which breakers its own attempts have changed, and when", async () => {
  const clock = steppedClock();
  let waitMs = 0;
  const { chain, provider } = bench(
    { [A]: [down, down, answer("well")], "b/two": [answer("b")] },
    {
      clock,
      breaker: { consecutive: 2, openMs: 5_000 },
      retry: { server_error: { retries: 0 } },
    },
  );
  const open = provider.open.bind(provider);
  // What an attempt takes is told by the clock alone.
  provider.open = (request, context) => {
    clock.advance(waitMs);
    return open(request, context);
  };

  expect((await drain(chain.stream(ask))).record).not.toHaveProperty("breakers");
  waitMs = 40;
  const opened = (await drain(chain.stream(ask))).record;
  expect(opened.breakers).toEqual([{ target: A, phase: "open", atMs: 40 }]);
  expect(Object.isFrozen(opened.breakers?.[0])).toBe(true);

  // Another call's doing.
  expect((await drain(chain.stream(ask))).record).not.toHaveProperty("breakers");

  clock.advance(20_000);
  waitMs = 7;
  const probed = (await drain(chain.stream(ask))).record;
  expect(probed.answeredBy?.target).toBe(A);
  expect(probed.breakers).toEqual([
    { target: A, phase: "half_open", atMs: 0 },
    { target: A, phase: "closed", atMs: 7 },
  ]);
  await chain.close();
});
