import { AIGNE, type ChatModelInput, FunctionAgent } from "@aigne/core";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Part } from "../../../src/types.js";
import {
  type Deed,
  type HookPlan,
  type Program,
  played,
  SIDES,
  scene,
  type Try,
} from "../../support/call-program.js";
import { collect } from "../../support/collected-chunks.js";
import { refuseUnhandledRejections } from "../../support/rejections.js";
import { FINISH, textPart } from "../../support/scripted-stream.js";

refuseUnhandledRejections();

const USAGE: Part = { type: "usage", usage: { inputTokens: 11, outputTokens: 7 } };
const CALL: Part = { type: "toolCall", index: 0, id: "i", name: "t", arguments: "{}" };
const THOUGHT: Part = { type: "thoughts", text: "hm" };
const RESTART: Part = {
  type: "restart",
  attempt: 1,
  failure: { class: "network", scope: "provider", message: "gone" },
};
const SAID: Try = { reads: [[THOUGHT, textPart("a")], [textPart("b")], [USAGE, FINISH]] };
const DYING: Try = { reads: [[textPart("bad")], [THOUGHT, textPart("worse")]], dies: true };
const FAILING: Try = { reads: [], dies: true };
const REFUSED: Try = { reads: [], refused: true };

/** The same by AIGNE and by ours; returns what it was. */
async function alike(program: Program) {
  const ours = await played("invokeDirectly", program);
  expect(ours).toEqual(await played("AIGNE's invoke", program));
  return ours;
}

const hookNames = (log: readonly unknown[]) =>
  log.flatMap((entry) => ((entry as { hook?: string }).hook ? [(entry as { hook: string }).hook] : []));
const onEverything = (deeds: readonly Deed[] = []): HookPlan => ({
  onStart: deeds,
  onSuccess: deeds,
  onError: deeds,
  onEnd: deeds,
});

describe("a direct call is what AIGNE's own invoke makes of", () => {
  test("an answer", async () => {
    const { chunks, merged, usage, log } = await alike({ tries: [SAID] });
    expect(chunks).toHaveLength(4);
    expect(merged).toEqual({
      thoughts: "hm",
      text: "ab",
      model: "m",
      usage: { inputTokens: 11, outputTokens: 7 },
    });
    expect(usage).toMatchObject({ inputTokens: 16, outputTokens: 7, agentCalls: 1 });
    expect(log).toMatchObject([{ event: "agentStarted" }, { open: 0 }, { event: "agentSucceed" }]);
  });

  test("an answer that a reader reads", () => alike({ tries: [SAID], reading: "reader" }));

  test("an answer of nothing but a tool call", async () => {
    const { merged } = await alike({ tries: [{ reads: [[CALL, FINISH]] }] });
    expect(merged).toMatchObject({ toolCalls: [{ function: { name: "t" } }] });
  });

  test("an answer of no deltas at all", async () => {
    expect((await alike({ tries: [{ reads: [] }] })).chunks).toEqual([]);
  });

  test.each([
    ["before content", FAILING],
    ["after content", DYING],
    ["at the door", REFUSED],
  ])("an error %s, the very object", async (_, failing) => {
    const { error, log } = await alike({ tries: [failing], hooks: { agent: onEverything() } });
    expect(error).toMatchObject({ error: failing.refused ? "refusal 0" : "death 0" });
    expect(hookNames(log)).toEqual(["agent onStart 0", "agent onError 0", "agent onEnd 0"]);
  });

  test.each([undefined, "low", "medium", "high"] as const)(
    "hooks in three places, those of the call of priority %s",
    async (priority) => {
      const { log } = await alike({
        tries: [SAID],
        hooks: {
          call: { ...onEverything(), ...(priority && { priority }) },
          context: onEverything(),
          agent: { ...onEverything(), priority: "medium" },
        },
      });
      expect(hookNames(log)).toHaveLength(9);
    },
  );

  const ACTS: [string, HookPlan][] = [
    ["change the input", { onStart: ["input"] }],
    ["change the input to one that is none", { onStart: ["bad input"] }],
    ["change the options", { onStart: ["options"] }],
    ["put other hooks in their place", { onStart: ["hooks"], onEnd: [] }],
    ["refuse to start", { onStart: ["throws"], onError: [], onEnd: [] }],
    ["change the output", { onSuccess: ["output"] }],
    ["change the output at the end", { onEnd: ["output"] }],
    ["throw at a success", { onSuccess: ["throws"], onError: [], onEnd: [] }],
    ["throw at a success, and ask for a retry", { onSuccess: ["throws"], onError: ["retry"], onEnd: [] }],
    ["ask for a retry of a success, which is none", { onSuccess: ["retry"], onEnd: [] }],
    ["change the error", { onError: ["error"], onEnd: [] }],
    ["throw at an error", { onError: ["throws"], onEnd: [] }],
    ["throw at the end", { onEnd: ["throws"] }],
    ["ask for one retry", { onError: ["retry"], onEnd: [] }],
    ["ask for three retries", { onError: ["retry", "retry", "retry"], onEnd: [] }],
    ["ask for a retry at the end", { onError: [], onEnd: ["retry"] }],
  ];

  const FIRSTS: [string, Try][] = [
    ["an answer", SAID],
    ["an error after content", DYING],
    ["an error before content", FAILING],
    ["an error at the door", REFUSED],
  ];

  test.each(ACTS.flatMap(([act, plan]) => FIRSTS.map(([name, first]) => [act, name, plan, first] as const)))(
    "hooks that %s: at %s",
    async (_act, _name, plan, first) => {
      for (const place of ["call", "context", "agent"] as const) {
        await alike({ tries: [first, first, SAID], hooks: { [place]: plan } });
      }
    },
  );

  test.each(["yes", "no", "later", "throws"] as const)(
    "retries of its own, when shouldRetry says %s",
    async (shouldRetry) => {
      for (const first of [DYING, FAILING, REFUSED]) {
        await alike({ tries: [first, SAID], retries: { retries: 1, shouldRetry } });
        await alike({
          tries: [first],
          retries: { retries: 2, shouldRetry },
          hooks: { agent: onEverything() },
        });
      }
    },
  );

  test("retries that are counted, and what was shown taken back", async () => {
    const { chunks, merged } = await alike({ tries: [DYING, FAILING, SAID], retries: { retries: 2 } });
    expect(chunks).toContainEqual({ delta: { json: { text: null, thoughts: null } } });
    expect(merged).toMatchObject({ text: "ab", $meta: { retries: 2 } });
  });

  test("retries that were of no use, and says how many there were", async () => {
    const { error } = await alike({ tries: [FAILING], retries: { retries: 2 } });
    expect(error).toEqual({ error: "death 2", message: "death 2 (after 3 retries)" });
  });

  test("a hook's error after retries, which says how many there were too", async () => {
    const { error } = await alike({
      tries: [FAILING],
      retries: { retries: 1 },
      hooks: { agent: { onError: ["error"] } },
    });
    expect(error).toMatchObject({ message: "agent onError 0 error (after 2 retries)" });
  });

  test.each([true, false])("events, when disableEvents is %s", async (disableEvents) => {
    for (const tries of [[SAID], [DYING]]) {
      const { log } = await alike({ tries, options: { disableEvents, taskTitle: "Say it" } });
      expect(log).toHaveLength(disableEvents ? 1 : 3);
    }
  });

  test("input that is none", async () => {
    const program = { tries: [SAID], input: { messages: 5 }, hooks: { agent: onEverything(["nothing"]) } };
    expect((await alike(program)) as object).toHaveProperty("refused.message");
  });

  test("tokens that are used up", async () => {
    expect((await alike({ tries: [SAID], maxTokens: 5 })) as object).toHaveProperty("refused.message");
    expect((await alike({ tries: [SAID], maxTokens: 6 })) as object).toHaveProperty("merged.text");
  });

  test("an agent with input of its own, and one that gives back its input", async () => {
    const input: Partial<ChatModelInput> = { modelOptions: { temperature: 0 } };
    await alike({ tries: [SAID], options: { defaultInput: input } });
    await alike({ tries: [SAID], options: { includeInputInOutput: true } });
  });
});

test.each(SIDES)("hooks may be agents: %s", async (side) => {
  const heard: unknown[] = [];
  const { invoke, options } = scene({ tries: [SAID] });
  const hook = FunctionAgent.from(({ output }: { output?: object }) => {
    heard.push(output);
    return { output: { text: "Changed." } };
  });
  Object.assign(options, { hooks: { onSuccess: hook } });
  expect((await collect(await invoke(side))).merged).toMatchObject({ text: "Changed." });
  expect(heard).toMatchObject([{ text: "ab" }]);
});

test.each(SIDES)("a call without a context gets one: %s", async (side) => {
  const contexts: unknown[] = [];
  const { invoke, options, context } = scene({ tries: [SAID] });
  Object.assign(options, {
    context: undefined,
    hooks: { onStart: (event: { context: unknown }) => void contexts.push(event.context) },
  });
  expect((await collect(await invoke(side))).merged).toMatchObject({ text: "ab" });
  expect(contexts).toHaveLength(1);
  expect(contexts[0]).toBeInstanceOf(new AIGNE().newContext().constructor);
  expect(contexts[0]).not.toBe(context);
});

test.each(SIDES)(
  "a context whose time is over once the input is prepared refuses the call: %s",
  async (side) => {
    const { invoke, agent, context, sources } = scene({ tries: [SAID] });
    vi.spyOn(agent as never as { preprocess(): Promise<void> }, "preprocess").mockImplementation(async () => {
      vi.spyOn(context, "status", "get").mockReturnValue("timeout");
    });
    await expect(invoke(side)).rejects.toThrow("has timed out");
    expect(sources).toEqual([]);
  },
);

test("no program tells a direct call from AIGNE's own", async () => {
  const part = fc.constantFrom<Part>(textPart("x"), textPart("y"), THOUGHT, CALL);
  const reads = fc.array(fc.array(part, { maxLength: 3 }), { maxLength: 4 });
  const attempt: fc.Arbitrary<Try> = fc.oneof(
    fc.record({ reads, dies: fc.constant(true), arrives: fc.boolean() }),
    fc.record({ reads: reads.map((list) => [...list, [USAGE, FINISH]]), arrives: fc.boolean() }),
    fc.constant(REFUSED),
  );
  const deeds = (...of: Deed[]) => fc.array(fc.constantFrom<Deed>("nothing", ...of), { maxLength: 3 });
  const plan = fc.record(
    {
      priority: fc.constantFrom("low", "medium", "high"),
      onStart: deeds("throws", "input", "bad input", "options", "hooks", "retry"),
      onSuccess: deeds("throws", "output", "retry"),
      onError: deeds("throws", "error", "retry"),
      onEnd: deeds("throws", "output", "error", "retry"),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<HookPlan>;
  const program = fc.record(
    {
      tries: fc.array(attempt, { minLength: 1, maxLength: 4 }),
      hooks: fc.record({ call: plan, context: plan, agent: plan }, { requiredKeys: [] }),
      retries: fc.record({
        retries: fc.integer({ min: 0, max: 2 }),
        shouldRetry: fc.constantFrom("yes", "yes", "later", "no", "throws"),
      }),
      maxTokens: fc.constantFrom(5, 6),
      options: fc.record({ disableEvents: fc.boolean(), includeInputInOutput: fc.boolean() }),
      reading: fc.constantFrom("loop", "reader"),
    },
    { requiredKeys: ["tries"] },
  ) as fc.Arbitrary<Program>;
  await fc.assert(
    fc.asyncProperty(program, async (made) => void (await alike(made))),
    { numRuns: 500 },
  );
});

test("what a chain's restart took back is not taken back again by a retry, and all else is the same", async () => {
  const program: Program = {
    tries: [{ reads: [[textPart("bad")], [RESTART]], dies: true }, SAID],
    retries: { retries: 1 },
    hooks: { agent: onEverything() },
  };
  const [ours, aigne] = [await played("invokeDirectly", program), await played("AIGNE's invoke", program)];
  expect(ours).toEqual({ ...aigne, chunks: expect.anything() });
  expect(aigne.chunks).toHaveLength((ours.chunks?.length ?? 0) + 1);
});
