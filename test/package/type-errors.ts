import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const typeRoots = [fileURLToPath(new URL("../../node_modules/@types", import.meta.url))];

/**
 * The compiler's complaints about `files` and about this package's own declarations as installed beside them, library checks
 * on. Other packages' declarations are not ours to judge: AIGNE's do not pass.
 */
export function typeErrors(directory: string, files: string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram({
    rootNames: files.map((file) => join(directory, file)),
    options: {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      target: ts.ScriptTarget.ES2022,
      types: ["node"],
      typeRoots,
      ...options,
    },
  });
  const ours = program
    .getSourceFiles()
    .filter(
      ({ fileName }) => !/\/node_modules\/(?!@aigne\/open-router\/)/.test(fileName.slice(directory.length)),
    );
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  return found.map(({ file, code, messageText }) => {
    const where = file?.fileName.slice(directory.length + 1) ?? "options";
    return `${where}: TS${code} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}
