import { afterAll, beforeAll, expect } from "vitest";
import { eventually } from "./eventually.js";

const COUNTED = ["Timeout", "TCPSocketWrap", "TCPServerWrap", "TLSWrap"];

function active(): Record<string, number> {
  const all = process.getActiveResourcesInfo();
  return Object.fromEntries(COUNTED.map((kind) => [kind, all.filter((one) => one === kind).length]));
}

/** Holds a test file to what it found: no more timers, sockets and servers in the process than before its first test. */
export function leavesNothingBehind(): void {
  let before: Record<string, number> = {};
  beforeAll(() => {
    before = active();
  });
  afterAll(async () => {
    const more = () => COUNTED.filter((kind) => (active()[kind] ?? 0) > (before[kind] ?? 0));
    await eventually(() => more().length === 0, 6_000);
    expect(more()).toEqual([]);
  });
}
