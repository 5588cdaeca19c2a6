import { Session as Inspector } from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";
import { answered, askOf, run, warm } from "./load.js";
import { readingOf, type Watched } from "./profile-reading.js";
import type { Reading } from "./samples.js";
import { threadTimeUs } from "./thread-time.js";
import { PATH } from "./wire.js";
import type { LoadOrder } from "./worker.js";
import { type Workplace, workplace } from "./workplace.js";

const INTERVAL_US = 100;
const QUIET_MS = 200;
const ROOT = new URL("../../", import.meta.url).href;

async function profiled(load: () => Promise<void>): Promise<Watched> {
  const inspector = new Inspector();
  inspector.connect();
  inspector.post("Profiler.enable");
  inspector.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
  // The start blocks for 100 ms: with ends of answers still unread, sockets would be closed and the load would begin with connecting.
  await sleep(QUIET_MS);
  inspector.post("Profiler.start");
  const before = threadTimeUs();
  await load();
  const threadUs = threadTimeUs() - before;
  return new Promise((resolve, reject) => {
    inspector.post("Profiler.stop", (error, result) =>
      error ? reject(error) : resolve({ profile: result.profile, threadUs }),
    );
  });
}

async function work({ module, port, session, models }: LoadOrder, at: Workplace): Promise<Reading> {
  let reading: Reading = {};
  const contestant = await at.contestant(module, { baseURL: `http://127.0.0.1:${port}${PATH}`, models });
  for (const shape of session) {
    const { warmUp, measured } = shape;
    const ask = askOf(shape);
    const call = () => answered(contestant, ask, () => {});
    await warm(warmUp, call);
    const load = () => run(measured, call);
    if (shape === session.at(-1)) reading = readingOf(await profiled(load), shape, ROOT);
    else await load();
  }
  return reading;
}

await workplace(work);
