import { ask, here } from "./children.js";
import { coldImport, IMPORTS } from "./imports.js";
import { entrant, ROSTER } from "./roster.js";
import type { Reading } from "./samples.js";
import {
  atWork,
  BURST,
  CALLS,
  concurrencies,
  first,
  lengths,
  MEMORY,
  paced,
  type Session,
  short64,
  sustained,
  TARGETS,
  targets,
} from "./shapes.js";
import type { SlowOrder } from "./slow-worker.js";
import type { SwitchOrder } from "./switch-worker.js";
import type { LoadOrder } from "./worker.js";

/** One process of one round. */
export interface Task {
  contestant: string;
  /** What it will find. */
  measures: string[];
  peer: boolean;
  run(): Promise<Reading>;
}

/** Tasks that take turns: each once a round. */
export interface Stage {
  name: string;
  rounds: number;
  tasks: Task[];
}

export interface Setup {
  port: number;
  rounds: number;
  /** Node 24, where it could be had. */
  node24?: string | undefined;
  /** Only these contestants, where given. */
  only?: string[] | undefined;
}

export const TWO = ["good/one", "good/two"];
const OURS = ["chain", "model"];
const GROWTH_ROUNDS = 3;
const SUSTAINED: Session = [atWork(), sustained()];
/** Those that no bar is about: fewer rounds of what takes them long, the same load. */
export const SELDOM = {
  names: ["ai-sdk", "ai-retry", "langchain", "langchain-fallbacks", "openrouter-sdk"],
  rounds: 3,
};

function loadTask(
  name: string,
  session: Session,
  port: number,
  more: Partial<LoadOrder> & { node?: string | undefined } = {},
): Task {
  const { module, peer } = entrant(name);
  const { node, ...rest } = more;
  const order: LoadOrder = { module: here(`./${module}`), port, session, models: TWO, ...rest };
  return {
    contestant: name,
    measures: session.filter(({ measured }) => measured.calls > 0).map(({ name }) => name),
    peer,
    run: () => ask<Reading>({ script: "worker", order, node }),
  };
}

const loads = (names: string[], session: Session, port: number) =>
  names.map((name) => loadTask(name, session, port));

/** No retry, no breaker: what is timed is the way from one target to the next. */
const SWITCHES_AT_ONCE = {
  breaker: false,
  retry: Object.fromEntries(
    ["rate_limit", "overloaded", "server_error", "network"].map((name) => [name, { retries: 0 }]),
  ),
};
const SWITCHING_PEERS: Record<string, string> = {
  "ai-fallback": "ai-sdk",
  "ai-retry": "ai-sdk",
  "langchain-fallbacks": "langchain",
};

function switchTask(name: string, fault: SwitchOrder["fault"], port: number): Task {
  const { module, peer } = entrant(name);
  const bare = entrant(peer ? (SWITCHING_PEERS[name] as string) : "provider");
  const order: SwitchOrder = {
    module: here(`./${module}`),
    bare: here(`./${bare.module}`),
    port,
    fault,
    anew: peer,
    ...(!peer && { more: SWITCHES_AT_ONCE }),
    warmUp: 600,
    calls: 200,
  };
  return {
    contestant: name,
    measures: [`switch-${fault}`],
    peer,
    run: () => ask<Reading>({ script: "switch-worker", order }),
  };
}

function slowTask(name: string, port: number): Task {
  const { module, peer } = entrant(name);
  const order: SlowOrder = {
    module: here(`./${module}`),
    port,
    models: TWO,
    streams: 20,
    events: 20_000,
    everyMs: 5,
    settleSeconds: 4,
    seconds: 8,
  };
  return {
    contestant: name,
    measures: ["slow-consumer"],
    peer,
    run: () => ask<Reading>({ script: "slow-worker", order }),
  };
}

function importTasks(names?: string[]): Task[] {
  return IMPORTS.filter(({ name }) => names?.includes(name) ?? true).map((each) => ({
    contestant: each.name,
    measures: ["import"],
    peer: each.peer,
    run: () => coldImport(each),
  }));
}

const often = (names: string[]) => names.filter((name) => !SELDOM.names.includes(name));

function named(measure: string, session: Session): Session {
  return session.map((shape) => ({ ...shape, name: measure }));
}

/** Everything that the page shows. */
export function allStages({ port, rounds, node24, only }: Setup): Stage[] {
  const everybody = ROSTER.map(({ name }) => name);
  // Where each read brings one event there is nothing to hand on together, nor in a short call.
  const without = everybody.filter((name) => name !== "model-per-event");
  const compared = ["floor", ...OURS];
  const models = (count: number) => Array.from({ length: count }, (_, index) => `good/${index + 1}`);
  const stages: Stage[] = [
    { name: "import", rounds, tasks: importTasks() },
    { name: "burst", rounds, tasks: loads(everybody, [BURST], port) },
    {
      name: "burst-node24",
      rounds: node24 ? rounds : 0,
      tasks: compared.map((name) => loadTask(name, named("burst-node24", [BURST]), port, { node: node24 })),
    },
    { name: "paced", rounds, tasks: loads(without, [atWork(), paced()], port) },
    { name: "calls", rounds, tasks: loads(often(without), CALLS, port) },
    {
      name: "calls-seldom",
      rounds: Math.min(rounds, SELDOM.rounds),
      tasks: loads(SELDOM.names, CALLS, port),
    },
    {
      name: "switch",
      rounds,
      tasks: [
        ...(["503", "reset", "refused"] as const).flatMap((fault) =>
          OURS.map((name) => switchTask(name, fault, port)),
        ),
        ...(["503", "reset"] as const).flatMap((fault) =>
          Object.keys(SWITCHING_PEERS).map((name) => switchTask(name, fault, port)),
        ),
      ],
    },
    {
      name: "slow-consumer",
      rounds: Math.min(rounds, GROWTH_ROUNDS),
      tasks: [...OURS, "model-per-event", "published"].map((name) => slowTask(name, port)),
    },
    {
      name: "targets",
      rounds: Math.min(rounds, GROWTH_ROUNDS),
      tasks: TARGETS.flatMap((count) =>
        OURS.map((name) => loadTask(name, [targets(count)], port, { models: models(count) })),
      ),
    },
    {
      name: "length",
      rounds: Math.min(rounds, GROWTH_ROUNDS),
      tasks: lengths().flatMap((shape) => loads(compared, [shape], port)),
    },
    {
      name: "at-once",
      rounds: Math.min(rounds, GROWTH_ROUNDS),
      tasks: loads(compared, concurrencies(), port),
    },
    {
      name: "sustained",
      rounds,
      tasks: loads(often(everybody), SUSTAINED, port),
    },
    {
      name: "memory",
      rounds,
      tasks: loads([...compared, "model-per-event", "openai", "published"], [MEMORY], port),
    },
    {
      name: "sustained-seldom",
      rounds: Math.min(rounds, SELDOM.rounds),
      tasks: loads(SELDOM.names, SUSTAINED, port),
    },
  ];
  return stages.map((stage) => ({
    ...stage,
    tasks: stage.tasks.filter(({ contestant }) => only?.includes(contestant) ?? true),
  }));
}

/** What the ratios among the bars need, for a machine that must be done within two minutes. */
export function shortStages({ port, rounds }: Setup): Stage[] {
  const loading = (name: string, names: string[], session: Session): Stage => ({
    name,
    rounds,
    tasks: loads(names, session, port),
  });
  return [
    {
      name: "import",
      rounds,
      tasks: importTasks([
        "@aigne/open-router/chain",
        "@aigne/open-router",
        "@aigne/core",
        "undici + eventsource-parser + zod",
      ]),
    },
    // A few milliseconds each.
    { ...loading("burst", ["floor", ...OURS], [BURST]), rounds: 3 * rounds },
    loading("paced", ["floor", "model", "published"], [atWork(), paced(1, 50)]),
    loading("calls", ["openai", ...OURS, "published"], [short64(2, 500), first(100, 60)]),
    loading(
      "sustained",
      ["floor", "openai", "model", "model-per-event", "published", "ai-fallback"],
      [atWork(500), sustained(20)],
    ),
  ];
}
