import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { play, playOn } from "../support/cli.js";
import { writeJournal } from "../support/journal-fixture.js";
import { Screen } from "../support/screen.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

/** Machines that are busy are slow. */
const soon = <T>(check: () => T | Promise<T>) => vi.waitFor(check, 8_000);

const page = vi.hoisted(() => ({ path: "" }));
vi.mock("../../src/page-file.js", async (original) => {
  const { pageHtml } = await original<typeof import("../../src/page-file.js")>();
  return { pageHtml: () => pageHtml(undefined, pathToFileURL(page.path)) };
});

describe("open-router audit serve", () => {
  const root = mkdtempSync(join(tmpdir(), "audit-serve-"));
  const dir = join(root, "journal");
  beforeAll(() => {
    page.path = join(root, "page.html");
    writeFileSync(page.path, "<title>the page</title>");
    writeJournal(dir, syntheticCalls(3));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("says where it listens, serves page and journal, and ends with Ctrl-C", async () => {
    const interrupt = new AbortController();
    let begun: { url: string; port: number; token: string; event: string } | undefined;
    const played = play(["audit", "serve", "--dir", dir, "--json"], {
      interrupt: interrupt.signal,
      onOutput: (stdout) => {
        begun = JSON.parse(stdout);
      },
    });
    await soon(() => expect(begun).toMatchObject({ event: "listening" }));
    const { url, port, token } = begun!;
    expect(await (await fetch(url)).text()).toBe("<title>the page</title>");
    const headers = { authorization: `Bearer ${token}` };
    await soon(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/calls`, { headers });
      expect(((await answer.json()) as { calls: unknown[] }).calls).toHaveLength(3);
    });
    const live = await fetch(`http://127.0.0.1:${port}/api/live`, { headers });
    interrupt.abort("SIGINT");
    expect(await played).toMatchObject({ code: 0, stderr: "" });
    await expect(live.text()).rejects.toThrow();
    await expect(fetch(url)).rejects.toThrow();
  });

  it("prints the address for a person", async () => {
    const screen = new Screen({ columns: 100, rows: 10 });
    const interrupt = new AbortController();
    const code = playOn(screen, ["audit", "serve", "--dir", dir], { interrupt: interrupt.signal });
    await soon(() => expect(screen.text.join("\n")).toMatch(/http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}/));
    interrupt.abort("SIGINT");
    expect(await code).toBe(0);
  });

  it("says what is wrong with a folder, a port and a page", async () => {
    const nowhere = await play(["audit", "serve", "--dir", join(root, "nowhere")]);
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("it does not exist") });
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const taken = await play(["audit", "serve", "--dir", dir, "--port", String(port)]);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining(`port ${port} is taken`) });
    other.close();
    const { path } = page;
    page.path = join(root, "nothing.html");
    const unbuilt = await play(["audit", "serve", "--dir", dir]);
    expect(unbuilt).toMatchObject({ code: 2, stderr: expect.stringContaining("npm run build") });
    page.path = path;
  });
});
