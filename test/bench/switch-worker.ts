import { createServer } from "node:net";
import { request } from "undici";
import type { Contestant } from "./contestants/contestant.js";
import { type Ask, answered, askOf } from "./load.js";
import type { Reading } from "./samples.js";
import { medianOf } from "./statistics.js";
import { PATH } from "./wire.js";
import { type Workplace, workplace } from "./workplace.js";

/** A contestant whose first model fails at once, beside the same one with two good models. */
export interface SwitchOrder {
  module: string;
  /** The same client without a fallback, which meets the same fault. */
  bare: string;
  port: number;
  fault: "503" | "reset" | "refused";
  /** A new contestant for each call, since some stay with the second model once the first has failed. */
  anew: boolean;
  more?: object;
  warmUp: number;
  calls: number;
}

const EVENTS = 4;

/** A port that nobody listens on. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

/** ms until the first text of a right answer. */
async function firstText(contestant: Contestant, ask: Ask): Promise<number> {
  const began = performance.now();
  let first = 0;
  await answered(contestant, ask, () => {
    first = performance.now() - began;
  });
  return first;
}

/** ms until a call that must fail has failed; some clients end an empty stream in place of throwing. */
async function failing(attempt: () => Promise<string>): Promise<number> {
  const began = performance.now();
  const text = await attempt().catch(() => "");
  if (text !== "") throw new Error("a call that was to fail did not");
  return performance.now() - began;
}

async function floorAttempt(baseURL: string, { prompt }: Ask): Promise<string> {
  const { statusCode, body } = await request(`${baseURL}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "bad/one",
      stream: true,
      messages: [{ role: "user", content: prompt }],
    }),
  });
  const text = await body.text();
  return statusCode < 400 ? text : "";
}

async function work(order: SwitchOrder, at: Workplace): Promise<Reading> {
  const { module, bare, port, fault, anew, more, warmUp, calls } = order;
  const refused = fault === "refused";
  const ask = askOf({ plan: { events: EVENTS, everyMs: 0, fault: refused ? "none" : fault } });
  const good = `http://127.0.0.1:${port}${PATH}`;
  const bad = refused ? `http://127.0.0.1:${await unusedPort()}${PATH}` : good;
  const make = anew ? at.fresh : at.contestant;
  const models = ["bad/one", "good/two"];
  const switching = () => make(module, { baseURL: bad, models, fallbackURL: good }, more);
  const healthy = () => make(module, { baseURL: good, models: ["good/one", "good/two"] }, more);
  const alone = await at.contestant(bare, { baseURL: bad, models: ["bad/one"] });
  const ms = { healthyMs: [], switchedMs: [], attemptMs: [], floorAttemptMs: [] } as Record<string, number[]>;
  for (let call = 0; call < warmUp + calls; call++) {
    const found = {
      healthyMs: await firstText(await healthy(), ask),
      switchedMs: await firstText(await switching(), ask).catch((error) => {
        throw new Error(`does not switch: ${error.message}`);
      }),
      attemptMs: await failing(() => alone.call(ask.prompt, () => {})),
      floorAttemptMs: await failing(() => floorAttempt(bad, ask)),
    };
    if (call < warmUp) continue;
    for (const [name, value] of Object.entries(found)) ms[name]?.push(value);
  }
  const median = Object.fromEntries(Object.entries(ms).map(([name, values]) => [name, medianOf(values)]));
  const beyond = (attempt: string) =>
    (median.switchedMs as number) - (median.healthyMs as number) - (median[attempt] as number);
  return {
    [`switch-${fault}`]: {
      ...median,
      beyondMs: beyond("attemptMs"),
      beyondFloorMs: beyond("floorAttemptMs"),
    },
  };
}

await workplace(work);
