import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  importChain,
  type ModuleGraph,
  parseModule,
  reachable,
  readModules,
} from "./support/module-graph.js";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const sources = readModules(root("src"));

const VOCABULARY = /^(types|record|events|errors|vitals|model-facts|observer)\.ts$/;
const PURE =
  /^(failure|retry|retry-after|breaker|budget|context-window|tokens|price|capabilities|redaction|model-options)\.ts$|^(failure|strategies)\//;
const PROVIDERS = /^providers\//;
const CATALOGUE = /^catalogue\//;
/** What may be asked, of whom, at what price; the wire form of a request is the providers' affair. */
const ADMISSION = /^admission\/|^health\//;
const WIRE_FORM = /^request\.ts$|^providers\/(request|json)\.ts$/;
const ENGINE = /^(attempt|upstream|lane|race|recovery)\.ts$/;
const EVIDENCE = /^(audit|telemetry|journal)\//;
const JOURNAL = /^journal\//;
const REPORT = /^report\//;
const QUERY = /^query\//;
const SIMULATOR = /^testing\//;
const SEAM = /^aigne\/|^open-router-chat-model\.ts$|^providers\/chat-model\.ts$/;
const SURFACE = /^(fallback-chain|chain|index|open-router-chat-model)\.ts$|^(aigne|cli)\//;
const CONCRETE = /^(providers|strategies|audit|telemetry)\//;
/** Runs in the browser, bundled. */
const PAGE = /^page\//;
/** What it shares with the server: types. */
const PAGE_SPEAKS = /^(record|report\/report|serve\/wire)\.ts$/;
const SERVER = /^serve\//;
/** How a wrong option is told. */
const OPTION_ERRORS = /^option-error\.ts$|^redaction\.ts$|^failure\/echo\.ts$/;
/** Modules without a side of their own, which evidence and policy may use. */
const PLAIN = /^(arrivals|defined|clock|logger|long-text|roster|seeded|version)\.ts$/;

const ENTRIES = [
  "index.ts",
  "chain.ts",
  "testing/index.ts",
  "telemetry/index.ts",
  "cli/main.ts",
  "page/main.tsx",
];
const MAX_LINES = 280;

interface Layer {
  name: string;
  files: RegExp;
  /** What the layer may reach, itself and through others. Without it: everything that is not forbidden. */
  allowed?: RegExp[];
  forbidden?: RegExp[];
}

const LAYERS: Layer[] = [
  { name: "the vocabulary", files: VOCABULARY, allowed: [VOCABULARY] },
  { name: "pure policy", files: PURE, allowed: [VOCABULARY, PURE, PLAIN] },
  { name: "providers", files: PROVIDERS, allowed: [VOCABULARY, PURE, PLAIN, PROVIDERS] },
  { name: "catalogues", files: CATALOGUE, allowed: [VOCABULARY, PLAIN, CATALOGUE] },
  {
    name: "admission",
    files: ADMISSION,
    allowed: [VOCABULARY, PURE, PLAIN, ADMISSION, WIRE_FORM],
  },
  { name: "attempt, lane, race and recovery", files: ENGINE, forbidden: [CONCRETE, SURFACE] },
  { name: "audit and telemetry", files: EVIDENCE, allowed: [VOCABULARY, PLAIN, EVIDENCE, OPTION_ERRORS] },
  { name: "the report", files: REPORT, allowed: [VOCABULARY, PLAIN, JOURNAL, REPORT] },
  { name: "the query", files: QUERY, allowed: [QUERY] },
  { name: "the simulator", files: SIMULATOR, allowed: [/^(types|seeded)\.ts$/, SIMULATOR] },
  { name: "the server", files: SERVER, allowed: [VOCABULARY, PLAIN, JOURNAL, REPORT, SERVER] },
  {
    name: "everything below the surface",
    files: /^(?!cli\/|aigne\/|[^/]*\.ts$)|^(?!fallback-chain|chain|index|open-router-chat-model)[^/]*\.ts$/,
    forbidden: [SURFACE],
  },
  { name: "the chain", files: /^(chain|fallback-chain)\.ts$/, forbidden: [SEAM] },
];

/** Import chains that break a layer's rule. */
function violations(graph: ModuleGraph, { files, allowed, forbidden = [] }: Layer): string[] {
  return [...graph.keys()]
    .filter((path) => files.test(path))
    .flatMap((path) =>
      [...reachable(graph, path)]
        .filter((to) => forbidden.some((rule) => rule.test(to)) || allowed?.every((rule) => !rule.test(to)))
        .map((to) => importChain(graph, path, to)),
    );
}

function cycles(graph: ModuleGraph): string[] {
  return [...graph.keys()]
    .filter((path) => reachable(graph, path).has(path))
    .map((path) => importChain(graph, path, path));
}

function graphOf(files: Record<string, string>): ModuleGraph {
  return new Map(Object.entries(files).map(([path, text]) => [path, parseModule(path, text)]));
}

describe("the architecture", () => {
  for (const layer of LAYERS)
    it(`keeps ${layer.name} to what lies below`, () => {
      expect(violations(sources, layer)).toEqual([]);
    });

  it("has no import cycle, not even of types", () => {
    expect(cycles(sources)).toEqual([]);
  });

  it("lets only the seam import AIGNE", () => {
    const importers = [...sources.values()].filter(({ packages }) => packages.includes("@aigne/core"));
    expect(importers.map((each) => each.path).filter((path) => !SEAM.test(path))).toEqual([]);
    expect(importers.map((each) => each.path)).toContain("open-router-chat-model.ts");
  });

  it("lets only telemetry import OpenTelemetry, and no other entry load it", () => {
    const importers = [...sources.values()].filter(({ packages }) => packages.includes("@opentelemetry/api"));
    expect(importers.map((each) => each.path).filter((path) => !/^telemetry\//.test(path))).toEqual([]);
    expect([...reachable(sources, "telemetry/index.ts")]).toEqual(
      expect.arrayContaining(importers.map((each) => each.path)),
    );
    const loading = ENTRIES.filter((entry) =>
      [...reachable(sources, entry)].some((path) => importers.some((each) => each.path === path)),
    );
    expect(loading).toEqual(["telemetry/index.ts"]);
  });

  it("keeps clocks, timers and the network out of pure policy", () => {
    const impure = ["fetch", "setTimeout", "setInterval", "setImmediate", "performance", "process"];
    const found = [...sources.values()]
      .filter((each) => PURE.test(each.path))
      .flatMap((each) => [
        ...impure.filter((name) => each.identifiers.has(name)).map((name) => `${each.path}: ${name}`),
        ...each.packages.filter((name) => name.startsWith("node:")).map((name) => `${each.path}: ${name}`),
      ]);
    expect(found).toEqual([]);
  });

  it("lets the page load only itself, and share only types with the server", () => {
    const page = [...sources.values()].filter((each) => PAGE.test(each.path));
    const imported = page.flatMap(({ imports }) => imports).filter((path) => !PAGE.test(path));
    const loaded = page.flatMap(({ loads }) => loads).filter((path) => !PAGE.test(path));
    const importers = [...sources.values()].filter(
      ({ path, imports }) => !PAGE.test(path) && imports.some((each) => PAGE.test(each)),
    );
    expect(page.length).toBeGreaterThan(10);
    expect(imported.filter((path) => !PAGE_SPEAKS.test(path))).toEqual([]);
    expect(loaded).toEqual([]);
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  it("names every export", () => {
    expect([...sources.values()].filter((each) => each.hasExportStar).map((each) => each.path)).toEqual([]);
  });

  it(`keeps every file within ${MAX_LINES} lines`, () => {
    const long = [...sources.values()].filter((each) => each.lines > MAX_LINES);
    expect(long.map((each) => `${each.path}: ${each.lines}`)).toEqual([]);
  });

  it("has no module that no entry point reaches", () => {
    const reached = new Set(ENTRIES.flatMap((entry) => [entry, ...reachable(sources, entry)]));
    const missing = ENTRIES.filter((entry) => !sources.has(entry));
    const unreached = [...sources.keys()].filter((path) => !reached.has(path));
    expect({ missing, unreached }).toEqual({ missing: [], unreached: [] });
  });

  it("imports exactly the packages that the manifest declares", () => {
    const manifest = JSON.parse(readFileSync(root("package.json"), "utf8"));
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const packagesOf = (wanted: (path: string) => boolean) => {
      const modules = [...sources.values()].filter(({ path }) => wanted(path));
      const names = modules.flatMap((each) => each.packages).filter((name) => !name.startsWith("node:"));
      return [...new Set(names)].sort();
    };
    expect(packagesOf((path) => !PAGE.test(path))).toEqual(declared.sort());
    // They are bundled into the page.
    const bundled = packagesOf((path) => PAGE.test(path));
    expect(bundled).toEqual(["preact", "uplot"]);
    expect(Object.keys(manifest.devDependencies)).toEqual(expect.arrayContaining(bundled));
  });
});

describe("the architecture's own checks", () => {
  it("see an import through a type, a re-export, a dynamic import and a third module", () => {
    const graph = graphOf({
      "types.ts": `export type A = import("./middle.js").B;`,
      "middle.ts": `export { b } from "./bottom.js";`,
      "bottom.ts": `export const b = () => import("./race.js");`,
      "race.ts": `export const race = 1;`,
    });
    expect(violations(graph, { name: "", files: VOCABULARY, allowed: [VOCABULARY] })).toContain(
      "types.ts → middle.ts → bottom.ts → race.ts",
    );
  });

  it("see a cycle, an export star and a global", () => {
    const graph = graphOf({
      "failure/a.ts": `import type { B } from "./b.js";\nexport * from "openai/x";`,
      "failure/b.ts": `import { a } from "./a.js";\nexport const b = () => setTimeout(a, 1);`,
    });
    expect(cycles(graph)).toEqual([
      "failure/a.ts → failure/b.ts → failure/a.ts",
      "failure/b.ts → failure/a.ts → failure/b.ts",
    ]);
    expect(graph.get("failure/a.ts")).toMatchObject({ hasExportStar: true, packages: ["openai"], lines: 2 });
    expect(graph.get("failure/b.ts")?.identifiers.has("setTimeout")).toBe(true);
  });
});
