import { readFileSync } from "node:fs";

/** How `threadTimeUs` comes by its number, for whoever reads it. */
export const THREAD_TIME_SOURCE =
  process.platform === "linux"
    ? "CPU time of the main thread (/proc/self/task/PID/schedstat): waiting for other processes does not count"
    : "CPU time of the whole process (process.cpuUsage), the thread pool's included";

/** CPU time that the event loop's thread has used so far, in µs. */
export function threadTimeUs(): number {
  if (process.platform === "linux") {
    const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(ns) / 1_000;
  }
  const { user, system } = process.cpuUsage();
  return user + system;
}
