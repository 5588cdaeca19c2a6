import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkModels } from "../../src/testing/check.js";
import { play } from "../support/cli.js";

const page = readFileSync(new URL("../../docs/command.md", import.meta.url), "utf8");

function section(command: string): string {
  return page.split(/^## /m).find((part) => part.startsWith(`open-router ${command}`)) ?? "";
}

describe("docs/command.md", () => {
  it.each(["demo", "chat", "explain", "simulate"])(
    "has the flags of %s, all of them and no others",
    async (command) => {
      const { stdout } = await play([command, "--help"]);
      const known = [...stdout.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
      const told = [...section(command).matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag);
      expect(known.length).toBeGreaterThan(1);
      expect([...told, "--help"]).toEqual(known);
    },
  );

  it("has a script that the simulator takes", () => {
    const [, script = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const models: unknown = JSON.parse(script);
    expect(() => checkModels(models)).not.toThrow();
    expect(Object.keys(models as object)).toHaveLength(4);
  });
});
