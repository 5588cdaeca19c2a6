import type { Profiler } from "node:inspector";
import { describe, expect, it } from "vitest";
import { moduleAt } from "../../bench/origin.js";
import { ownerOf } from "../../bench/owner.js";
import { functionsOf, readingOf, threadOf } from "../../bench/profile-reading.js";
import { type Frame, selfTimes, totals } from "../../bench/self-time.js";
import { paced, short64 } from "../../bench/shapes.js";

const ROOT = "file:///home/me/open-router/";
const frame = (functionName: string, url = ""): Frame => ({ functionName, url, lineNumber: 0 });

type Tree = [functionName: string, url: string, ...children: Tree[]];

/** Nodes are counted from 1, each before what it calls. */
function nodesOf(root: Tree): Profiler.ProfileNode[] {
  const nodes: Profiler.ProfileNode[] = [];
  const add = ([functionName, url, ...below]: Tree): number => {
    const callFrame = { functionName, url, scriptId: "0", lineNumber: 0, columnNumber: 0 };
    const node: Profiler.ProfileNode = { id: nodes.length + 1, callFrame };
    nodes.push(node);
    node.children = below.map(add);
    return node.id;
  };
  add(root);
  return nodes;
}

describe("the owner of a frame", () => {
  it.each([
    ["this package", "next2", `${ROOT}dist/chunk-ABC.js`],
    ["@aigne/core", "invoke", `${ROOT}node_modules/@aigne/core/lib/esm/agents/agent.js`],
    ["@aigne/core", "uuid", `${ROOT}node_modules/@aigne/uuid/lib/index.js`],
    ["undici", "dispatch", `${ROOT}node_modules/undici/lib/dispatcher/agent.js`],
    ["undici", "wasm-function[10]", "wasm://wasm/0a1b2c3d"],
    ["eventsource-parser", "feed", `${ROOT}node_modules/eventsource-parser/dist/index.js`],
    ["openai", "create", `${ROOT}test/bench/peers/node_modules/openai/client.mjs`],
    ["zod", "_parse", `${ROOT}node_modules/zod/v3/types.js`],
    ["other packages", "info", `${ROOT}node_modules/pino/lib/proto.js`],
    ["other packages", "x", `${ROOT}node_modules/openai/node_modules/inner/index.js`],
    ["published @aigne/open-router", "a", `${ROOT}test/bench/peers/node_modules/@aigne/open-router/lib/a.js`],
    ["published @aigne/open-router", "b", `${ROOT}test/bench/peers/node_modules/@aigne/openai/lib/b.js`],
    ["the benchmark itself", "call", `${ROOT}test/bench/contestants/floor.mjs`],
    ["the benchmark itself", "call", `${ROOT}test/bench/peers/published.mjs`],
    ["Node.js", "emit", "node:events"],
    ["V8 and system calls", "writev", ""],
    ["garbage collector", "(garbage collector)", ""],
    ["(program)", "(program)", ""],
    ["(program)", "(root)", ""],
  ])("is %s for %s of %s", (owner, functionName, url) => {
    expect(ownerOf(frame(functionName, url), ROOT)).toBe(owner);
  });

  it("is by the package itself where a folder above is called as one", () => {
    expect(ownerOf(frame("a", "file:///x/node_modules/ours/dist/a.js"), "file:///x/node_modules/ours/")).toBe(
      "other packages",
    );
  });
});

describe("self times", () => {
  const nodes = nodesOf([
    "(root)",
    "",
    ["(idle)", ""],
    ["load", "file:///a.js", ["post", "file:///a.js"], ["dispatch", "node:internal"]],
    ["main", "file:///a.js", ["post", "node:inspector", ["dispatch", "", ["(garbage collector)", ""]]]],
  ]);
  const named = (samples: number[], timeDeltas: number[], endTime: number) => {
    const profile = { nodes, samples, timeDeltas, startTime: 1_000, endTime };
    return Object.fromEntries(selfTimes(profile).map(({ frame, us }) => [frame.functionName, us]));
  };

  it("give a sample the time until the next, and the last one what is left", () => {
    expect(named([3, 4, 3], [5, 10, 200], 1_000 + 5 + 10 + 200 + 3_000)).toEqual({ load: 3_010, post: 200 });
  });

  it("leave out waiting, and what the profiler's own orders took, whatever is above them", () => {
    // After main (6) come its post (7), the native dispatch (8) and a collection in it (9).
    expect(named([2, 6, 7, 8, 9, 5], [0, 1, 10, 100, 1_000, 10_000], 1_000 + 11_111 + 7)).toEqual({
      main: 10,
      dispatch: 7,
    });
  });

  it("are nothing without samples", () => {
    expect(selfTimes({ nodes, startTime: 0, endTime: 10 })).toEqual([]);
  });

  it("add up by name, per unit", () => {
    const times = [
      { frame: frame("a", "x"), us: 30 },
      { frame: frame("b", "x"), us: 10 },
      { frame: frame("c", "y"), us: 5 },
    ];
    expect(totals(times, ({ url }) => url, 20)).toEqual({ x: 2, y: 0.25 });
  });
});

describe("what a process sends back", () => {
  const nodes = nodesOf(["(root)", "", ["(idle)", ""], ["writev", ""], ["emit", "node:events"]]);
  const profile = {
    nodes,
    samples: [3, 2, 4],
    timeDeltas: [0, 6_000, 70_000],
    startTime: 0,
    endTime: 80_000,
  };

  it.each([
    ["event", paced(4, 50), 50 * 200],
    ["call", short64(0, 500), 500],
  ])("is per %s", (_, shape, units) => {
    expect(readingOf({ profile, threadUs: 9_000 }, shape, ROOT)).toEqual({
      [shape.name]: { "V8 and system calls": 6_000 / units, "Node.js": 4_000 / units },
      [functionsOf(shape.name)]: {},
      [threadOf(shape.name)]: { cpuUs: 9_000 / units },
    });
  });
});

describe("the module of a line", () => {
  const bundle = ["import x", "// src/a.ts", "function a() {", "}", "// a comment", "// src/b/c.ts", "x"];

  it.each([
    [0, undefined],
    [2, "src/a.ts"],
    [4, "src/a.ts"],
    [5, "src/b/c.ts"],
    [6, "src/b/c.ts"],
  ])("is read above line %i", (line, module) => {
    expect(moduleAt(bundle.join("\n"), line)).toBe(module);
  });
});
