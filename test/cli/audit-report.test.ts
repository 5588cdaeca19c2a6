import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { segmentFile } from "../../src/journal/segment.js";
import type { Report } from "../../src/report/report.js";
import { play, playOn } from "../support/cli.js";
import { CHAIN_ID, writeJournal } from "../support/journal-fixture.js";
import { Screen } from "../support/screen.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

const page = vi.hoisted(() => ({ path: "" }));
vi.mock("../../src/page-file.js", async (original) => {
  const { pageHtml } = await original<typeof import("../../src/page-file.js")>();
  return { pageHtml: (data?: { report: Report }) => pageHtml(data, pathToFileURL(page.path)) };
});

const root = mkdtempSync(join(tmpdir(), "report-"));
const dir = join(root, "journal");
const calls = [...syntheticCalls(2_000, { everyMs: 3_000 })];
beforeAll(() => {
  writeJournal(dir, calls, { segmentCalls: 900, running: true });
  page.path = join(root, "page.html");
});
afterAll(() => rmSync(root, { recursive: true }));

describe("audit report", () => {
  it.each([60, 80, 110])("fits a terminal of %i columns and tells all it knows", async (columns) => {
    const screen = new Screen({ columns, rows: 200 });
    expect(await playOn(screen, ["audit", "report", "--dir", dir, "--by", "label:service"])).toBe(0);
    const { text } = screen;
    for (const line of text) expect(line.length).toBeLessThan(columns);
    const parts = ["Who answered", "Targets", "Failed attempts", "Passed over", "Cost", "By label service"];
    expect(text.filter((line) => parts.includes(line))).toEqual(parts);
    const said = text.join("\n");
    expect(said).toContain("2,000 calls · ");
    expect(said).toMatch(/openai\/gpt-4o +.*█/);
    expect(said).toMatch(/billing +\d+ /);
    expect(said).not.toContain("NaN");
    expect(said).not.toContain("undefined");
  });

  it("gives the same as JSON, of the time asked for", async () => {
    const { start } = calls[500]!;
    const all = await play(["audit", "report", "--dir", dir, "--json"]);
    const told = JSON.parse(all.stdout) as Report;
    expect([told.v, told.calls.total, told.byLabel]).toEqual([1, 2_000, undefined]);
    const later = await play(["audit", "report", "--dir", dir, "--json", "--since", start.startedAt]);
    expect((JSON.parse(later.stdout) as Report).calls.total).toBe(1_500);
    const earlier = await play(["audit", "report", "--dir", dir, "--json", "--until", start.startedAt]);
    expect((JSON.parse(earlier.stdout) as Report).calls.total).toBe(500);
    const none = await play(["audit", "report", "--dir", dir, "--until", "2020-01-01"]);
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining("No call in this time.")]);
  });

  it("writes a page with the report in it", async () => {
    writeFileSync(page.path, '<title>x</title><script type="application/json" id="data">null</script>');
    const file = join(root, "report.html");
    const { code, stdout } = await play(["audit", "report", "--dir", dir, "--html", file]);
    expect([code, stdout]).toEqual([0, `The report of 2,000 calls is in ${file}.\n`]);
    const [, json = ""] = /id="data">(.*)<\/script>/s.exec(readFileSync(file, "utf8")) ?? [];
    expect((JSON.parse(json) as { report: Report }).report.calls.total).toBe(2_000);
    rmSync(page.path);
    const missing = await play(["audit", "report", "--dir", dir, "--html", file]);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/--html.*npm run build/)]);
  });

  it("says how many lines it could not read", async () => {
    const other = join(root, "odd");
    writeJournal(other, calls.slice(0, 3), { running: true });
    appendFileSync(
      join(other, segmentFile(CHAIN_ID, 1)),
      '{"seq":1,"event":"request.end"}\n{"seq":2,"event":"request.st\n',
    );
    const { code, stdout, stderr } = await play(["audit", "report", "--dir", other]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("3 calls")]);
    expect(stderr).toBe(
      `1 line could not be read and is left out: open-router audit verify --dir ${other} says which\n`,
    );
  });

  it("ends at once when it is interrupted", async () => {
    const interrupt = AbortSignal.abort("SIGINT");
    expect((await play(["audit", "report", "--dir", dir], { interrupt })).code).toBe(130);
  });

  it.each([
    [["--dir", join(root, "none")], "cannot be read (ENOENT)"],
    [["--dir", tmpdir()], "holds no journal"],
    [["--dir", dir, "--since", "yesterday"], "24h"],
    [["--dir", dir, "--by", "service"], "label:NAME"],
    [[], "--dir"],
  ])("refuses %j", async (argv, says) => {
    const { code, stdout, stderr } = await play(["audit", "report", ...argv]);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(says)]);
  });
});
