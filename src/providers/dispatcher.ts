import type { Agent, Dispatcher } from "undici";
import { createAgent } from "./agent.js";
import { undici } from "./undici.js";

let shared: Agent | undefined;

/** The process-wide keep-alive pool. */
function sharedAgent(): Agent {
  shared ??= createAgent();
  return shared;
}

/** True for the Agent that undici or Node installs unasked: no options, no interceptors. */
function isStock(dispatcher: Dispatcher): boolean {
  if (dispatcher.constructor.name !== "Agent") return false;
  const options = Object.getOwnPropertySymbols(dispatcher).find((symbol) => symbol.description === "options");
  if (!options) return false;
  const values = Object.values((dispatcher as unknown as Record<symbol, object>)[options] ?? {});
  return values.every((value) => value === undefined || value === Number.POSITIVE_INFINITY);
}

let seen: Dispatcher | undefined;
let seenStock = false;

/** The user's `setGlobalDispatcher()` (a proxy, a mock, own certificates) wins over our pool. */
export function currentDispatcher(): Dispatcher {
  const installed = undici().getGlobalDispatcher();
  if (installed !== seen) {
    seen = installed;
    seenStock = isStock(installed);
  }
  const patched = installed.dispatch !== Object.getPrototypeOf(installed).dispatch;
  return seenStock && !patched ? sharedAgent() : installed;
}
