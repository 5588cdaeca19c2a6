// Builds dist/page/page.html from src/page: one file that needs no other, with script and style inside.
// Usage: node .config/build-page.mjs [outfile]
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outfile = resolve(process.argv[2] ?? `${root}dist/page/page.html`);

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["src/page/main.tsx"],
  outdir: "page",
  bundle: true,
  write: false,
  minify: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
});
const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text.trim();

/** A text that ends an element early, or begins a comment in it, would not be the one that its hash allows. */
function inlined(text, element) {
  if (new RegExp(`</${element}|<!--`, "i").test(text))
    throw new Error(`the page's ${element} holds </${element} or <!--`);
  return text;
}

const style = inlined(textOf(".css"), "style");
const script = inlined(textOf(".js"), "script");
const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The server sends its own; this one holds for a report in a file, too. */
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

// Functions as replacements: `$` in the script is no pattern.
const html = readFileSync(`${root}src/page/page.html`, "utf8")
  .replace("policy-of-this-page", () => policy)
  .replace("/* style */", () => style)
  .replace("/* script */", () => script);
mkdirSync(dirname(outfile), { recursive: true });
writeFileSync(outfile, html);
