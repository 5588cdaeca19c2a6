import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, unusedPort } from "../../src/testing/index.js";
import { builtCommand, jsonLines, start } from "../support/cli.js";

let main: string;
let remove: () => void;
beforeAll(async () => {
  ({ main, remove } = await builtCommand());
});
afterAll(() => remove());

describe("the command as a process", () => {
  it("is executable by its first line, and knows its version", async () => {
    expect(readFileSync(main, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    const { output, ended } = start(main, ["--version"]);
    expect((await ended).code).toBe(0);
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(output.stdout).toBe(`${version}\n`);
  });

  it("plays a scene of the demo and ends by itself", async () => {
    const { output, ended } = start(main, ["demo", "--scene", "cut"]);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(output.stderr).toBe("");
    expect(output.stdout).toContain("All as expected: 1 whole answer");
  });

  it("is quiet when its reader leaves", async () => {
    const { child, output, until, ended } = start(main, ["demo"]);
    await until("open-router demo");
    child.stdout!.destroy();
    expect((await ended).code).toBe(0);
    expect(output.stderr).toBe("");
  });

  it("simulates until SIGINT, and chats with what it simulates", async () => {
    const simulator = start(main, ["simulate", "--port", "0", "--json"]);
    await simulator.until("\n");
    const { baseURL } = jsonLines(simulator.output.stdout)[0] as { baseURL: string };
    const env = { OPEN_ROUTER_API_KEY: "any" };
    const chat = start(main, ["chat", "Hello", "--base-url", baseURL, "--json"], env);
    expect((await chat.ended).code).toBe(0);
    expect(JSON.parse(chat.output.stdout)).toMatchObject({ ok: true, record: { outcome: "ok" } });
    expect(chat.output.stderr).toBe("");

    simulator.child.kill("SIGINT");
    expect(await simulator.ended).toEqual({ code: 0, signal: null });
    expect(jsonLines(simulator.output.stdout).at(-1)).toEqual({ event: "closed", requests: 1 });
  });

  it("explains without a key, and ends by itself", async () => {
    const simulator = await startSimulator({ models: {}, catalogue: { "openai/gpt-4o": {} } });
    try {
      const argv = ["explain", "--base-url", simulator.baseURL, "--prompt-tokens", "900000", "--json"];
      const { output, ended } = start(main, argv);
      expect(await ended).toEqual({ code: 1, signal: null });
      expect(JSON.parse(output.stdout)).toMatchObject({
        targets: [{ skip: { reason: "context_too_small", detail: { window: 128_000, needed: 900_000 } } }],
      });
      expect(output.stderr).toBe("");
    } finally {
      await simulator.close();
    }
  });

  it("logs to standard error in chat, and not among JSON", async () => {
    const dead = `http://127.0.0.1:${await unusedPort()}/api/v1`;
    const env = { OPEN_ROUTER_API_KEY: "any" };
    const logged = start(main, ["chat", "Hello", "--base-url", dead], env);
    expect((await logged.ended).code).toBe(1);
    expect(jsonLines(logged.output.stderr).at(-1)).toMatchObject({ msg: "call failed", class: "network" });
    const json = start(main, ["chat", "Hello", "--base-url", dead, "--json"], env);
    expect((await json.ended).code).toBe(1);
    expect(json.output.stderr).toBe("");
  });

  it("ends a demo with 130 at SIGINT, having said so", async () => {
    const { child, output, until, ended } = start(main, ["demo"]);
    await until("answering");
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, signal: null });
    expect(output.stdout).toContain("outcome aborted");
    expect(output.stdout).toContain("Interrupted at scene 1 of 5.");
    expect(output.stderr).toBe("");
  });

  it("ends with 2 when it is used wrongly", async () => {
    const { output, ended } = start(main, ["demo", "--scene", "nope"]);
    expect((await ended).code).toBe(2);
    expect(output.stdout).toBe("");
    expect(output.stderr).toContain("rate-limit, silent, cut, context, down");
  });
});
