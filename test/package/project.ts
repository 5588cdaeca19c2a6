import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
export const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Packs the package as `npm publish` would, and returns the tarball's path. */
export async function pack(into: string): Promise<string> {
  await exec(npm, ["pack", "--silent", "--pack-destination", into], { cwd: root });
  return join(into, readdirSync(into).find((name) => name.endsWith(".tgz"))!);
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "open-router-package-"));
}

/** An empty project into which packages are installed. */
export interface Project {
  directory: string;
  write(files: Record<string, string>): void;
  /** Runs Node on `file`; resolves to what it printed and the file URLs of every module it loaded. */
  run(file: string): Promise<{ stdout: string; stderr: string; loaded: string[] }>;
  /** Runs an installed command. */
  command(name: string, args: string[]): Promise<{ stdout: string; stderr: string }>;
}

export async function createProject(directory: string, install: string[]): Promise<Project> {
  writeFileSync(join(directory, "package.json"), `{ "name": "empty", "private": true }`);
  await exec(npm, ["install", "--prefer-offline", "--no-audit", "--no-fund", ...install], { cwd: directory });
  const env: NodeJS.ProcessEnv = { ...process.env, AIGNE_OBSERVABILITY_DISABLED: "true" };
  delete env.NODE_OPTIONS;

  return {
    directory,
    write(files) {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    },
    async run(file) {
      // V8 lists every script it compiled, ES and CommonJS alike, on all supported versions of Node.
      const coverage = mkdtempSync(join(directory, "loaded-"));
      const ran = await exec(process.execPath, [file], {
        cwd: directory,
        env: { ...env, NODE_V8_COVERAGE: coverage },
      });
      const loaded = readdirSync(coverage).flatMap((name) => {
        const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8")) as {
          result: { url: string }[];
        };
        return result.map((script) => script.url);
      });
      rmSync(coverage, { recursive: true });
      return { ...ran, loaded };
    },
    command(name, args) {
      return exec(npm, ["exec", "--no", "--", name, ...args], { cwd: directory, env });
    },
  };
}
