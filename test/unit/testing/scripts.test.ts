import { expect, test } from "vitest";
import { FAULTS, type ModelScript, startSimulator } from "../../../src/testing/index.js";
import { ask, simulate } from "./client.js";

const statuses = async (simulator: Awaited<ReturnType<typeof simulate>>, count: number, model = "a/b") => {
  const out: number[] = [];
  for (let i = 0; i < count; i++) {
    const response = await ask(simulator, model);
    await response.text();
    out.push(response.status);
  }
  return out;
};

test("steps answer one request each, and the last one for ever", async () => {
  const simulator = await simulate({ "a/b": [{ fault: "429-ra" }, { fault: "500" }, { text: "well" }] });
  expect(await statuses(simulator, 5)).toEqual([429, 500, 200, 200, 200]);
  expect(simulator.requests.map((request) => request.step)).toEqual([
    'models["a/b"][0]',
    'models["a/b"][1]',
    'models["a/b"][2]',
    'models["a/b"][2]',
    'models["a/b"][2]',
  ]);
});

test("`times` keeps a step for so many requests", async () => {
  const simulator = await simulate({ "a/b": [{ fault: "503", times: 3 }, {}] });
  expect(await statuses(simulator, 5)).toEqual([503, 503, 503, 200, 200]);
});

test("the -once faults strike once", async () => {
  const simulator = await simulate({ "a/b": { fault: "429-ra-once" }, "c/d": { fault: "500-once" } });
  expect(await statuses(simulator, 3)).toEqual([429, 200, 200]);
  expect(await statuses(simulator, 3, "c/d")).toEqual([500, 200, 200]);
});

test("draws follow the probabilities, and the same seed draws and names the same", async () => {
  const script: ModelScript = {
    either: [
      { p: 0.5, script: { fault: "500" } },
      { p: 0.25, script: { fault: "429-ra" } },
    ],
  };
  const run = async (seed: number) => {
    const simulator = await simulate({ "a/b": script }, { seed });
    const drawn = await statuses(simulator, 200);
    return { drawn, ids: simulator.requests.map((request) => request.generationId) };
  };
  const [first, again, other] = [await run(7), await run(7), await run(8)];
  expect(again).toEqual(first);
  expect(other.drawn).not.toEqual(first.drawn);
  expect(other.ids).not.toEqual(first.ids);
  expect(new Set(first.ids).size).toBe(200);
  const share = (status: number) => first.drawn.filter((s) => s === status).length / 200;
  expect(share(500)).toBeGreaterThan(0.35);
  expect(share(500)).toBeLessThan(0.65);
  expect(share(429)).toBeGreaterThan(0.12);
  expect(share(200)).toBeGreaterThan(0.12);
});

test("the draws of one model do not depend on requests to another", async () => {
  const models: Record<string, ModelScript> = {
    "a/b": { either: [{ p: 0.5, script: { fault: "500" } }] },
    "c/d": { either: [{ p: 0.5, script: { fault: "500" } }] },
  };
  const alone = await statuses(await simulate(models), 20);
  const mixed = await simulate(models);
  const drawn: number[] = [];
  for (let i = 0; i < 20; i++) {
    await statuses(mixed, 1, "c/d");
    drawn.push(...(await statuses(mixed, 1)));
  }
  expect(drawn).toEqual(alone);
});

test("setScript replaces what a model does, and rejects a bad script", async () => {
  const simulator = await simulate({ "a/b": { fault: "503" } });
  expect(await statuses(simulator, 1)).toEqual([503]);
  simulator.setScript("a/b", {});
  expect(await statuses(simulator, 1)).toEqual([200]);
  expect(() => simulator.setScript("a/b", { fault: "nope" } as unknown as ModelScript)).toThrow(
    'models["a/b"].fault must be one of',
  );
});

const bad: [name: string, options: unknown, message: string][] = [
  ["no models", {}, "models must be an object, got undefined"],
  [
    "an unknown fault",
    { models: { "a/b": [{}, { fault: "ctu" }] } },
    'models["a/b"][1].fault must be one of',
  ],
  ["the fault's value", { models: { "a/b": { fault: "ctu" } } }, 'got "ctu"'],
  ["no steps", { models: { "a/b": [] } }, 'models["a/b"] must have at least one step, got []'],
  ["a misspelt key", { models: { "a/b": { txet: "x" } } }, 'models["a/b"] must have only the keys'],
  ["a key of another fault", { models: { "a/b": { fault: "cut", shape: 2 } } }, 'got "shape"'],
  [
    "a bad time",
    { models: { "a/b": { pace: { tokenMs: -1 } } } },
    'models["a/b"].pace.tokenMs must be a number of at least 0, got -1',
  ],
  [
    "a bad token",
    { models: { "a/b": { tokens: ["a", 1] } } },
    'models["a/b"].tokens[1] must be a string, got 1',
  ],
  [
    "a bad place",
    { models: { "a/b": { fault: "cut", at: 1.5 } } },
    'models["a/b"].at must be a whole number of at least 0, got 1.5',
  ],
  [
    "a bad branch",
    { models: { "a/b": { either: [{ p: 0.5, script: { fault: "x" } }] } } },
    'models["a/b"].either[0].script.fault must be one of',
  ],
  [
    "too much probability",
    {
      models: {
        "a/b": {
          either: [
            { p: 0.7, script: {} },
            { p: 0.7, script: {} },
          ],
        },
      },
    },
    'models["a/b"].either must have probabilities that sum to at most 1, got 1.4',
  ],
  ["a status", { models: { "a/b": { fault: "http", status: 42 } } }, 'models["a/b"].status must be a status'],
  [
    "a tool call without a name",
    { models: { "a/b": { toolCalls: [{ arguments: {} }] } } },
    'models["a/b"].toolCalls[0].name must be given',
  ],
  [
    "a bad hint",
    { models: { "a/b": { fault: "429-ra", retryAfter: true } } },
    'models["a/b"].retryAfter must be',
  ],
  ["a bad seed", { models: {}, seed: 1.5 }, "seed must be a whole number"],
  [
    "a bad key fault",
    { models: {}, keys: { "sk-a": { fault: "cut" } } },
    'keys["sk-a"].fault must be one of',
  ],
  ["an unknown option", { models: {}, prot: 1 }, "options must have only the keys models, seed, port"],
];

test.each(bad)("a bad script is rejected by path and value: %s", async (_name, options, message) => {
  await expect(startSimulator(options as never)).rejects.toThrow(message);
});

test("a rejected fault names every fault there is", async () => {
  const error = await startSimulator({ models: { "a/b": { fault: "x" } } } as never).catch((e: Error) => e);
  for (const name of FAULTS) expect((error as Error).message).toContain(name);
});

test("scripts survive JSON", async () => {
  const script: ModelScript = [
    { fault: "err-mid", shape: 2, at: 3, error: { code: 500, message: "x" }, done: true },
    { fault: "429-ra", retryAfter: { inSeconds: 3 } },
    { text: "well", pace: { tokenMs: 1 }, comments: 2, toolCalls: [{ name: "t", arguments: {} }] },
  ];
  const simulator = await simulate({ "a/b": JSON.parse(JSON.stringify(script)) as ModelScript });
  expect(await statuses(simulator, 3)).toEqual([200, 429, 200]);
});
