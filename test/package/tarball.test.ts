import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUDGETS, costsOf, overBudget } from "./budgets.js";
import {
  CHAIN_QUICKSTART,
  DOORS,
  QUICKSTART,
  TELEMETRY,
  TYPED_CHAIN_CONSUMERS,
  TYPED_CONSUMERS,
} from "./consumers.js";
import { createProject, type Project, pack, temporaryDirectory } from "./project.js";
import { typeErrors } from "./type-errors.js";

const { ModuleKind, ModuleResolutionKind } = ts;
const NODE16 = { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 };
const NODENEXT = { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext };
const BUNDLER = { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler };
const NODE10 = { module: ModuleKind.CommonJS, moduleResolution: ModuleResolutionKind.Node10 };

const directories: string[] = [];
const fresh = () => {
  directories.push(temporaryDirectory());
  return directories.at(-1)!;
};

let tarball: string;

beforeAll(async () => {
  tarball = await pack(fresh());
});

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Builds of AIGNE's core among the loaded modules: "esm", "cjs". */
function aigneBuilds(loaded: string[]): string[] {
  return [...new Set(loaded.flatMap((url) => /\/@aigne\/core\/lib\/(\w+)\//.exec(url)?.[1] ?? []))];
}

describe("the packed package's budgets", () => {
  it("hold for its size, its files and its dependencies", async () => {
    const lock = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8"));
    const costs = await costsOf(tarball, lock);
    expect(overBudget(costs)).toEqual([]);
    // Room that nobody needs any more is room for what nobody looked at.
    expect(costs.packedBytes).toBeGreaterThan(BUDGETS.packedBytes * 0.8);
    expect(Math.min(...Object.values(costs))).toBeGreaterThan(0);
  });

  it("see what is over", () => {
    expect(overBudget({ ...BUDGETS, files: BUDGETS.files + 1 })).toEqual([
      `files: ${BUDGETS.files + 1} of ${BUDGETS.files}`,
    ]);
    expect(overBudget({ ...BUDGETS, transitive: Number.NaN })).toHaveLength(1);
  });
});

describe("the packed package beside AIGNE", () => {
  let project: Project;

  beforeAll(async () => {
    project = await createProject(fresh(), [tarball, "@aigne/core"]);
    project.write({ ...QUICKSTART, ...DOORS, ...TYPED_CONSUMERS });
  });

  it.each([
    ["an ES module", "quickstart.mjs", "esm"],
    ["a CommonJS module", "quickstart.cjs", "cjs"],
  ])("answers through the fallback from %s, with one AIGNE and one engine", async (_, file, build) => {
    const { stdout, stderr, loaded } = await project.run(file);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      text: "Hello from the fallback.",
      asked: ["openai/gpt-4o", "anthropic/claude-3-opus"],
      attempts: ["failed", "won"],
      instance: true,
      name: "OpenRouterChatModel",
      sameChain: true,
    });
    expect(aigneBuilds(loaded)).toEqual([build]);
    // What importing takes is told by the number of files more than by their size.
    expect(loaded.filter((url) => url.includes("/@aigne/open-router/dist/")).length).toBeLessThan(30);
  });

  it("gives one engine to both doors in one process, and a model to each", async () => {
    const { stdout, stderr } = await project.run("doors.cjs");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(["OpenRouterChatModel"]);
  });

  it.each([
    ["module node16", ["typed.mts", "typed.cts"], NODE16],
    ["module nodenext", ["typed.mts", "typed.cts"], NODENEXT],
    ["a bundler", ["typed.mts"], BUNDLER],
    ["module commonjs, moduleResolution node10", ["typed.ts"], NODE10],
  ])("has types under %s", (_, files, options) => {
    expect(typeErrors(project.directory, files, options)).toEqual([]);
  });

  it("has types whose mistakes are seen", () => {
    const mistake = `import { OpenRouterChatModel } from "@aigne/open-router";\nnew OpenRouterChatModel({ apiKey: 5 });\n`;
    project.write({ "mistake.mts": mistake, "mistake.cts": mistake });
    const errors = typeErrors(project.directory, ["mistake.mts", "mistake.cts"], NODENEXT);
    expect(errors.map((line) => line.split(" ", 2).join(" "))).toEqual([
      "mistake.mts: TS2322",
      "mistake.cts: TS2322",
    ]);
  });

  it("plays its demo as a command, without a key", async () => {
    const { stdout } = await project.command("open-router", ["demo"]);
    expect(stdout).toContain("rate_limit");
  });

  it("verifies and shows the journal of its demo, with a page of its own, and says what SQL needs", async () => {
    const audit = (...args: string[]) =>
      project.command("open-router", ["audit", ...args, "--dir", "journal"]);
    await project.command("open-router", ["demo", "--scene", "rate-limit", "--journal", "journal"]);
    expect((await audit("verify")).stdout).toContain("Every hash, link and number holds");
    await audit("report", "--html", "report.html");
    const page = readFileSync(join(project.directory, "report.html"), "utf8");
    expect(page).toMatch(/<script type="application\/json" id="data">\{"report":/);
    await expect(audit("query", "SELECT 1")).rejects.toMatchObject({
      stderr: expect.stringContaining("npm install @duckdb/node-api"),
    });
  });

  it("ships its licence and its changelog, and nothing but the build beside them", () => {
    const shipped = (path: string) => join(project.directory, "node_modules/@aigne/open-router", path);
    const { version } = JSON.parse(readFileSync(shipped("package.json"), "utf8"));
    expect(readFileSync(shipped("LICENSE"), "utf8")).toContain("Apache License");
    expect(readFileSync(shipped("docs/changelog.md"), "utf8")).toContain(version);
    for (const path of ["src", "test", "tsconfig.json", ".config", ".ci"])
      expect(existsSync(shipped(path))).toBe(false);
  });
});

describe("the packed package without AIGNE", () => {
  let project: Project;

  beforeAll(async () => {
    project = await createProject(fresh(), ["--legacy-peer-deps", tarball, "@opentelemetry/api"]);
    project.write({ ...CHAIN_QUICKSTART, ...TYPED_CHAIN_CONSUMERS, ...TELEMETRY });
  });

  it.each(["telemetry.mjs", "telemetry.cjs"])("observes with its optional peer from %s", async (file) => {
    expect((await project.run(file)).stdout).toBe("function\n");
  });

  it.each(["chain.mjs", "chain.cjs"])("runs the chain alone from %s", async (file) => {
    expect(existsSync(join(project.directory, "node_modules/@aigne/core"))).toBe(false);
    const { stdout, stderr, loaded } = await project.run(file);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ text: "Hello from the fallback." });
    expect(loaded.some((url) => url.endsWith("/@aigne/open-router/dist/chain.js"))).toBe(true);
    expect(loaded.filter((url) => url.includes("/@aigne/core/"))).toEqual([]);
  });

  it("has types for the chain alone", () => {
    expect(typeErrors(project.directory, ["typed.mts", "typed.cts"], NODENEXT)).toEqual([]);
  });
});
