import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

/** One source file as the compiler's parser sees it. Paths are relative to `src`, with `/`. */
export interface Module {
  path: string;
  lines: number;
  /** Paths of the modules it imports or re-exports, types included. */
  imports: string[];
  /** Those of them that are there when it runs. */
  loads: string[];
  /** Names of the packages it imports: "openai", "@aigne/core", "node:fs". */
  packages: string[];
  hasExportStar: boolean;
  /** Every identifier in it that is not a property name. */
  identifiers: Set<string>;
}

export type ModuleGraph = ReadonlyMap<string, Module>;

/** `a/b/c` → `a`, `@a/b/c` → `@a/b`; Node's own modules keep their name. */
function packageName(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function specifierOf(node: ts.Node): string | undefined {
  const literal =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
        ? node.argument.literal
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined;
  return literal && ts.isStringLiteralLike(literal) ? literal.text : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.isTypeOnly ?? false;
  return ts.isExportDeclaration(node) ? node.isTypeOnly : ts.isImportTypeNode(node);
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isTypeElement(parent) || ts.isClassElement(parent) || ts.isPropertyAssignment(parent)) &&
    parent.name === node
  );
}

/** Parses one module; `text` is its source. */
export function parseModule(path: string, text: string): Module {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const imports = new Set<string>();
  const loads = new Set<string>();
  const packages = new Set<string>();
  const identifiers = new Set<string>();
  let hasExportStar = false;
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier?.startsWith(".")) {
      const module = posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts");
      imports.add(module);
      if (!isTypeOnly(node)) loads.add(module);
    } else if (specifier !== undefined) packages.add(packageName(specifier));
    if (ts.isExportDeclaration(node) && !(node.exportClause && ts.isNamedExports(node.exportClause)))
      hasExportStar = true;
    if (ts.isIdentifier(node) && !isPropertyName(node)) identifiers.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const lines = text.trimEnd().split("\n").length;
  return {
    path,
    lines,
    imports: [...imports],
    loads: [...loads],
    packages: [...packages],
    hasExportStar,
    identifiers,
  };
}

/** All modules under `directory`. */
export function readModules(directory: string): ModuleGraph {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.tsx?$/.test(path));
  const found = new Set(paths);
  // What is imported as `.js` may be either.
  const real = (path: string) => (!found.has(path) && found.has(`${path}x`) ? `${path}x` : path);
  return new Map(
    paths.sort().map((path) => {
      const module = parseModule(path, readFileSync(join(directory, path), "utf8"));
      return [path, { ...module, imports: module.imports.map(real), loads: module.loads.map(real) }];
    }),
  );
}

/** Every path that `from` imports, directly or through others; `from` itself only where it lies on a cycle. */
export function reachable(graph: ModuleGraph, from: string): Set<string> {
  const seen = new Set(graph.get(from)?.imports);
  for (const path of seen) for (const next of graph.get(path)?.imports ?? []) seen.add(next);
  return seen;
}

/** The shortest chain of imports `from → … → to`, for a message. */
export function importChain(graph: ModuleGraph, from: string, to: string): string {
  const queue = [[from]];
  const seen = new Set<string>();
  for (const chain of queue) {
    for (const next of graph.get(chain.at(-1)!)?.imports ?? []) {
      if (next === to) return [...chain, next].join(" → ");
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push([...chain, next]);
    }
  }
  return `${from} does not reach ${to}`;
}
