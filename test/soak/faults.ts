import {
  FAULTS,
  type FaultName,
  faultFamily,
  type ModelScript,
  type Script,
} from "../../src/testing/index.js";
import { textOf } from "./caller.js";
import { SIMULATED } from "./rigs.js";

export const FAULTY_SHARE = 0.2;

/** Ends only when the client has had enough. */
const LASTING = new Set<string>([
  "ttfb-stall",
  "header-drip",
  "endless-100",
  "upgrade-101",
  "ttft-stall",
  "ttft-keepalive",
  "ttft-role-only",
  "idle",
  "idle-keepalive",
  "slow-drip",
  "endless",
  "done-open",
]);
/** Speaks for a key or an account, and so keeps all its models away for half a minute. */
const OF_ACCOUNTS = /^40[12]|^403-(key|budget|management)|^429-(daily|per-minute|admission)|^err-first-bare$/;
/** They need a script of their own, or say something else than what is looked for. */
const OTHER_ANSWERS = new Set<string>(["http", "length", "json-broken", "split-utf8"]);

/** Sizes that end quickly. */
const SMALL: Record<string, object> = {
  "gzip-bomb": { bytes: 1_048_576 },
  "huge-line": { bytes: 1_048_576 },
  "huge-header": { bytes: 65_536 },
};

function scriptOf(fault: FaultName, model: string): Script {
  // A server that asks for patience would be left alone for as long.
  const patience = faultFamily(fault) === "http" ? { retryAfter: 0 } : {};
  return { fault, text: textOf(model), continues: true, ...patience, ...SMALL[fault] } as Script;
}

function modelOf(model: string, faults: readonly FaultName[]): ModelScript {
  const p = FAULTY_SHARE / faults.length;
  const healthy: Script = { text: textOf(model), continues: true };
  return {
    either: [
      ...faults.map((fault) => ({ p, script: scriptOf(fault, model) })),
      { p: 1 - FAULTY_SHARE, script: healthy },
    ],
  };
}

const all = FAULTS.filter((name) => !OTHER_ANSWERS.has(name));
const lasting = all.filter((name) => LASTING.has(name));
const ofAccounts = all.filter((name) => OF_ACCOUNTS.test(name));
const brief = all.filter((name) => !LASTING.has(name) && !OF_ACCOUNTS.test(name));

/** What each model of the simulator does; a fifth of the requests to all but the healthy one meet with a fault. */
export const SIMULATED_MODELS: Record<string, ModelScript> = {
  [SIMULATED.brief]: modelOf(SIMULATED.brief, brief),
  [SIMULATED.keyed]: modelOf(SIMULATED.keyed, ofAccounts),
  [SIMULATED.mute]: modelOf(SIMULATED.mute, lasting),
  [SIMULATED.second]: modelOf(SIMULATED.second, brief),
  [SIMULATED.healthy]: { text: textOf(SIMULATED.healthy), continues: true },
};
