import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pageHtml } from "../../src/page-file.js";
import { ReportFold } from "../../src/report/fold.js";

const PLACE = '<script type="application/json" id="data">null</script>';
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "page-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function page(html: string): URL {
  const path = join(dir, "page.html");
  writeFileSync(path, html);
  return pathToFileURL(path);
}

it("gives the page as it is when there is nothing to show", () => {
  const html = `<p>${PLACE}<script>1</script>`;
  expect(pageHtml(undefined, page(html))).toBe(html);
});

it("puts in data that cannot leave their place, whatever they hold", () => {
  const fold = new ReportFold({ label: "x" });
  const odd = "</script><script>alert(1)</script><!--\u2028\u2029$&$'";
  fold.addOpen({ startedAt: "2026-11-25T09:00:00.000Z", labels: { x: odd } });
  const html = pageHtml({ report: fold.report() }, page(`<p>${PLACE}<b>`));
  const [, json = ""] = /^<p><script type="application\/json" id="data">(.*)<\/script><b>$/s.exec(html) ?? [];
  expect(json).not.toMatch(/[<\u2028\u2029]/);
  expect(JSON.parse(json)).toEqual({ report: fold.report() });
  expect(json).toContain("$&$'");
});

it("says what to do when the page is missing, or has no place for data", () => {
  const missing = pathToFileURL(join(dir, "none.html"));
  expect(() => pageHtml(undefined, missing)).toThrow(/none\.html cannot be read.*npm run build/);
  const data = { report: new ReportFold().report() };
  for (const html of ["<p>", PLACE + PLACE])
    expect(() => pageHtml(data, page(html))).toThrow("npm run build");
});
