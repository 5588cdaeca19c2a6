import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Ownership, sweep } from "../../../src/journal/owner.js";
import { noteOf, type OwnerNote } from "../../../src/journal/owner-note.js";

/** Something that happens between a look at the folder and the claim; and a system without /proc. */
const seam = vi.hoisted(() => ({ beforePlace: undefined as (() => void) | undefined, hasProc: true }));

vi.mock("../../../src/journal/owner-note.js", async (original) => {
  const actual = await original<typeof import("../../../src/journal/owner-note.js")>();
  const place: typeof actual.place = (path, text) => {
    seam.beforePlace?.();
    return actual.place(path, text);
  };
  return { ...actual, place };
});

vi.mock("node:fs", async (original) => {
  const actual = await original<typeof import("node:fs")>();
  const hide =
    <A extends unknown[], R>(read: (...args: A) => R) =>
    (...args: A): R => {
      if (!seam.hasProc && String(args[0]).startsWith("/proc")) throw new Error("ENOENT");
      return read(...args);
    };
  return { ...actual, readFileSync: hide(actual.readFileSync), readlinkSync: hide(actual.readlinkSync) };
});

const CHAIN = "00f1e2d3c4b5a697";

let dir: string;
const held: Ownership[] = [];
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "owner-"));
  // A chain that nobody has written leaves nothing behind.
  writeFileSync(join(dir, `${CHAIN}.000001.jsonl`), "");
});
afterEach(async () => {
  Object.assign(seam, { beforePlace: undefined, hasProc: true });
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const ownership of held.splice(0)) await ownership.release();
  rmSync(dir, { recursive: true });
});

async function claim(chainId = CHAIN): Promise<Ownership | undefined> {
  const ownership = await Ownership.claim(dir, chainId);
  if (ownership) held.push(ownership);
  return ownership;
}

const owners = () => readdirSync(dir).filter((file) => file.includes("owner"));

/** A note as another process would have left it, so long ago. */
function note(text: string | Partial<OwnerNote>, ageMs = 0, generation = 1): void {
  const path = join(dir, `${CHAIN}.${generation}.owner`);
  writeFileSync(path, typeof text === "string" ? text : JSON.stringify({ ...noteOf(), ...text }));
  const at = new Date(Date.now() - ageMs);
  utimesSync(path, at, at);
}

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid as number;
}

describe("who may write a chain", () => {
  it("is one of many who claim it at once, and nobody else as long as it is held", async () => {
    const claims = await Promise.all(Array.from({ length: 50 }, () => claim()));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await claim()).toBeUndefined();
    expect(owners()).toEqual([`${CHAIN}.1.owner`]);
  });

  it("is one of many who find its holder dead", async () => {
    note({ pid: await endedPid() });
    const claims = await Promise.all(Array.from({ length: 50 }, () => claim()));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(owners()).toEqual([`${CHAIN}.2.owner`]);
  });

  it("is whoever comes next once it is released, and the number goes on", async () => {
    for (let n = 1; n <= 3; n++) {
      const ownership = await claim();
      expect(ownership).toBeDefined();
      await ownership?.release();
    }
    expect(owners()).toEqual([`${CHAIN}.3.owner`]);
    expect(JSON.parse(readFileSync(join(dir, `${CHAIN}.3.owner`), "utf8")).released).toBe(true);
  });

  const began = "another boot:1";
  it.each<[string, Partial<OwnerNote> | string, number, "taken" | "free"]>([
    ["a process that runs", {}, 0, "taken"],
    ["a process that has been silent for an hour and runs", {}, 3_600_000, "taken"],
    ["a process whose pid another one has now", { began }, 0, "free"],
    ["a process that has released it", { released: true }, 0, "free"],
    ["another host that gave a sign a minute ago", { host: "elsewhere" }, 60_000, "taken"],
    ["another host that has been silent for five minutes", { host: "elsewhere" }, 300_000, "free"],
    ["another container that gave a sign a minute ago", { space: "pid:[1]", began }, 60_000, "taken"],
    ["another container that has been silent for five minutes", { space: "pid:[1]", began }, 300_000, "free"],
    ["somebody who is still at writing the note", "", 0, "taken"],
    ["somebody who died at writing the note", '{"pid":', 60_000, "free"],
  ])("held by %s", async (_, text, ageMs, is) => {
    note(text, ageMs);
    expect(await claim()).toEqual(is === "free" ? expect.any(Ownership) : undefined);
  });

  it.runIf(process.platform === "linux")(
    "held by a process that was killed, and that nobody has waited for",
    async () => {
      // The shell becomes a process that never waits for its child, which must not end before that: the shell would wait for it.
      const parent = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 60"]);
      children.push(parent);
      const [said] = await once(parent.stdout, "data");
      const pid = Number(String(said));
      const state = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
      await expect.poll(state, { timeout: 20_000 }).toBe("Z");
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      note({ pid, host: hostname(), began: `${boot}:${fields?.[19]}` });
      expect(await claim()).toBeDefined();
    },
  );

  it("is not taken by one who was slow, and looked before others came and went", async () => {
    note({ pid: await endedPid() }, 0, 5);
    seam.beforePlace = () => {
      // Two have held it meanwhile, and the one he follows is gone.
      note({ released: true }, 0, 7);
      rmSync(join(dir, `${CHAIN}.5.owner`));
    };
    expect(await claim()).toBeUndefined();
    expect(owners()).toEqual([`${CHAIN}.7.owner`]);
  });

  it("is another thread of this process where nobody tells when processes began, unless it was before", async () => {
    seam.hasProc = false;
    note({});
    expect(await claim()).toBeUndefined();
    note({}, process.uptime() * 1_000 + 60_000);
    expect(await claim()).toBeDefined();
  });

  it("leaves nothing of a chain that was never written", async () => {
    const ownership = await Ownership.claim(dir, "aaaaaaaaaaaaaaaa");
    await ownership?.release();
    expect(owners()).toEqual([]);
  });

  it("is swept up when it died before it wrote anything, and only then", async () => {
    const pid = await endedPid();
    const write = (file: string, text: object) =>
      writeFileSync(join(dir, file), JSON.stringify({ ...noteOf(), ...text }));
    write("aaaaaaaaaaaaaaaa.1.owner", { pid });
    write("bbbbbbbbbbbbbbbb.1.owner", {});
    write("bbbbbbbbbbbbbbbb.2.owner", {});
    write("cccccccccccccccc.1.owner.00ff00ff.draft", { pid });
    note({ pid });
    await sweep(dir);
    expect(owners()).toEqual([`${CHAIN}.1.owner`, "bbbbbbbbbbbbbbbb.2.owner"]);
  });
});
