// TypeScript reads a .d.ts of this package as an ES module, so CommonJS consumers need .d.cts copies. A copy differs in its
// relative specifiers only: they name the neighbouring copy.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import ts from "typescript";

/** The string literals in `source` that name a relative module. */
function relativeSpecifiers(source) {
  const found = [];
  const visit = (node) => {
    const literal = ts.isImportTypeNode(node) ? node.argument.literal : node.moduleSpecifier;
    if (literal && /^\.\.?\//.test(literal.text)) found.push(literal);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * Writes a `.d.cts` beside every `.d.ts` that the entries reach.
 *
 * @param {string} dist absolute path of the build
 * @param {string[]} entries names under it, without extension
 */
export function emitCommonJsDeclarations(dist, entries) {
  const reached = new Set(entries.map((name) => resolve(dist, `${name}.d.ts`)));
  for (const file of reached) {
    let text = readFileSync(file, "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    for (const literal of relativeSpecifiers(source).reverse()) {
      reached.add(resolve(dirname(file), literal.text.replace(/\.js$/, ".d.ts")));
      const copy = JSON.stringify(literal.text.replace(/\.js$/, ".cjs"));
      text = text.slice(0, literal.getStart(source)) + copy + text.slice(literal.getEnd());
    }
    writeFileSync(file.replace(/\.d\.ts$/, ".d.cts"), text);
  }
}
