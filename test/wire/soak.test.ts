import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { complaintsOf, type Result } from "../soak/verdict.js";

const script = fileURLToPath(new URL("../soak/run.mjs", import.meta.url));
/** The process still warms up: its code alone grows by half a MB. A call that is kept would be several KB, and so twice that slope. */
const MAX_GROWTH = 200;

it("leaves nothing behind after 4 000 calls in-process and 1 000 over loopback", {
  timeout: 300_000,
}, async () => {
  const env = {
    ...process.env,
    SOAK_CALLS: "4000",
    SOAK_LOOPBACK_CALLS: "1000",
    OPEN_ROUTER_CATALOGUE: "on",
  };
  const soak = spawn(process.execPath, [script, "--json"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [told, log] = await Promise.all([text(soak.stdout), text(soak.stderr), once(soak, "exit")]);
  expect(told, log).not.toBe("");
  const result = JSON.parse(told) as Result;
  expect(complaintsOf(result, MAX_GROWTH)).toEqual([]);
  const ended = result.parts.flatMap(({ tally }) => Object.values(tally.ends.rig).flatMap(Object.values));
  expect(ended.reduce((sum, count) => sum + count, 0)).toBe(5_000);
  expect(result.served.faulty / result.served.exposed).toBeGreaterThan(0.1);
});
