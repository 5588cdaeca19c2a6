import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "./report/report.js";

/** The same from `src` and from `dist`. */
const PAGE = new URL("../dist/page/page.html", import.meta.url);
const PLACE = '<script type="application/json" id="data">null</script>';

/** What a page can be given to show without a server. */
export interface PageData {
  report: Report;
}

/**
 * The page as one file that needs no network; with `data` it shows these, without it asks the server that it came from.
 *
 * @throws Error when the page has not been built, or is of another version
 */
export function pageHtml(data?: PageData, page: URL = PAGE): string {
  let html: string;
  try {
    html = readFileSync(page, "utf8");
  } catch (cause) {
    throw new Error(`${fileURLToPath(page)} cannot be read: in a clone, run npm run build first`, { cause });
  }
  if (!data) return html;
  const [before, after, ...more] = html.split(PLACE);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${fileURLToPath(page)} has not one place for data: run npm run build again`);
  }
  return before + PLACE.replace("null", () => jsonInHtml(data)) + after;
}

/** JSON that no HTML parser sees the end of a script in. */
function jsonInHtml(data: PageData): string {
  return JSON.stringify(data).replace(
    /[<\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
