/** Pages of a CDN and captive portals: only their head is of interest. */
const HEAD = 16 * 1024;

/** The title of an HTML page; undefined for anything else, "an HTML page" when it has none. */
export function pageTitle(body: string): string | undefined {
  const head = body.slice(0, HEAD);
  const lower = head.toLowerCase();
  const start = lower.trimStart();
  if (!start.startsWith("<!doctype html") && !start.startsWith("<html") && !start.startsWith("<head"))
    return undefined;
  const tag = lower.indexOf("<title");
  const from = tag < 0 ? -1 : lower.indexOf(">", tag) + 1;
  const to = from <= 0 ? -1 : lower.indexOf("</title", from);
  const title = to < 0 ? "" : head.slice(from, to).trim();
  return title || "an HTML page";
}

/** The number of Cloudflare's plain-text errors: `error code: 524`. */
export function cloudflareCode(text: string): number | undefined {
  const digits = /^\s{0,8}error code: (\d{3,4})\b/i.exec(text.slice(0, 64))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
