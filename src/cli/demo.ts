import { setTimeout as sleep } from "node:timers/promises";
import { FallbackChain } from "../fallback-chain.js";
import { openRouter } from "../providers/openrouter.js";
import { type Simulator, startSimulator } from "../testing/simulator.js";
import { playFlap } from "./flap.js";
import { follow, type Outcome, viewOn } from "./follow.js";
import { EXIT, type Io, interruptedExit, printJson } from "./io.js";
import { journalOf } from "./journal-flag.js";
import { observed } from "./observer.js";
import { errorJson } from "./outcome.js";
import { CATALOGUE, FLAP, type Prologue, SCENES, type Scene } from "./scenes.js";
import type { Played, Stage } from "./stage.js";
import { Terminal } from "./terminal.js";
import { noView } from "./view.js";

export interface DemoFlags {
  scene?: readonly string[];
  /** The folder of a journal that keeps the records. */
  journal?: string;
  json?: boolean;
}

/** Time to take in one scene before the next. */
const PAUSE_MS = 600;
/** No scene comes near it; a demo that hangs would be a poor one. */
const TOTAL_MS = 8_000;

/** Plays the scenes against a simulator of its own. Returns the exit code. */
export async function demo({ scene: only, json = false, journal }: DemoFlags, io: Io): Promise<number> {
  const scenes = only ? [...SCENES, FLAP].filter(({ name }) => only.includes(name)) : SCENES;
  const terminal = new Terminal(io);
  const startedAt = performance.now();
  const simulator = await startSimulator({ models: {}, catalogue: CATALOGUE });
  const played: Played[] = [];
  try {
    if (!json) opening(terminal, simulator, scenes.length);
    for (const [i, scene] of scenes.entries()) {
      if (i > 0 && !json) await sleep(PAUSE_MS, undefined, { signal: io.interrupt }).catch(() => {});
      if (io.interrupt.aborted) break;
      if (!json) heading(terminal, scene, i + 1);
      const stage = { simulator, io, terminal: json ? undefined : terminal, journal };
      const result = await ("models" in scene ? play(scene, stage) : playFlap(stage));
      played.push(result);
      if (json) printJson(io, result.json);
    }
  } finally {
    await simulator.close();
  }
  if (io.interrupt.aborted) {
    if (!json) terminal.line(`\n  Interrupted at scene ${played.length} of ${scenes.length}.`);
    return interruptedExit(io.interrupt);
  }
  const ms = performance.now() - startedAt;
  if (!json) closing(terminal, io, played, { ms, whole: only === undefined, journal });
  return played.every(({ asExpected }) => asExpected) ? EXIT.ok : EXIT.no;
}

async function play(scene: Scene, { simulator, io, terminal, journal }: Stage): Promise<Played> {
  for (const [model, script] of Object.entries(scene.models)) simulator.setScript(model, script);
  simulator.clear();
  const view = terminal ? viewOn(terminal) : noView;
  const { audit, logger } = observed(view);
  const chain = new FallbackChain({
    ...scene.chain,
    timeouts: { totalMs: TOTAL_MS, ...scene.chain.timeouts },
    provider: openRouter({ apiKey: "sk-or-demo", baseURL: simulator.baseURL }),
    // Every request that the simulator sees is to be an attempt.
    catalogue: false,
    audit: [audit, ...journalOf(journal)],
    logger,
  });
  const request = { messages: [{ role: "user" as const, content: scene.question }] };
  const outcome = await follow(chain.stream(request, { signal: io.interrupt }), view);
  await chain.close();
  const requests = simulator.requests.length;
  const { answer, record, error } = outcome;
  const asExpected = isExpected(scene, outcome) && requests === record.attempts.length;
  return {
    name: scene.name,
    asExpected,
    answers: error ? 0 : 1,
    errors: error ? 1 : 0,
    attempts: record.attempts.length,
    requests,
    json: {
      scene: scene.name,
      asExpected,
      text: answer.text,
      requests,
      ...(error && { error: errorJson(error) }),
      record,
    },
  };
}

function isExpected({ expected }: Scene, { answer, record, error }: Outcome): boolean {
  if ("error" in expected) return error?.code === expected.error;
  return !error && answer.text === expected.text && record.answeredBy?.target === expected.answeredBy;
}

function opening(terminal: Terminal, { baseURL }: Simulator, count: number): void {
  const { colors } = terminal;
  const what =
    count === 1
      ? "one way a provider fails, and what the chain makes of it"
      : `${count} ways a provider fails, and what the chain makes of them`;
  terminal.paragraph(`open-router demo  ${what}`, {
    indent: 0,
    style: (line) => line.replace(/^open-router demo/, colors.bold),
  });
  terminal.paragraph(
    `The provider is a simulator at ${baseURL}: no key is needed, and nothing leaves this machine.`,
    {
      indent: 0,
      style: colors.dim,
    },
  );
}

function heading(terminal: Terminal, { name, title, story, note, question }: Prologue, n: number): void {
  const { colors } = terminal;
  terminal.line();
  terminal.line(`${colors.bold(colors.cyan(`${n}. ${title}`))}  ${colors.dim(`--scene ${name}`)}`);
  terminal.paragraph(story);
  if (note !== undefined) terminal.paragraph(note, { style: colors.dim });
  terminal.line(`  ${colors.cyan(">")} ${question}`);
}

function closing(
  terminal: Terminal,
  { command }: Io,
  played: readonly Played[],
  { ms, whole, journal }: { ms: number; whole: boolean; journal: string | undefined },
): void {
  const { colors } = terminal;
  const sum = (key: "answers" | "errors" | "requests" | "attempts") =>
    played.reduce((total, each) => total + each[key], 0);
  const odd = played.filter(({ asExpected }) => !asExpected).map(({ name }) => name);
  const verdict =
    odd.length === 0
      ? colors.green(colors.bold("All as expected: "))
      : colors.red(colors.bold(`Not as expected: ${odd.join(", ")}. `));
  const ends = [count(sum("answers"), "whole answer"), count(sum("errors"), "typed error")].filter(
    (end) => !end.startsWith("0"),
  );
  terminal.line();
  terminal.line(`${verdict}${ends.join(" and ")} in ${(ms / 1000).toFixed(1)} s.`);
  terminal.paragraph(
    `The simulator saw ${count(sum("requests"), "request")}, the records list ${count(sum("attempts"), "attempt")}.`,
    { indent: 0 },
  );
  terminal.line();
  terminal.line(`Where to go next ${colors.dim("(a real call needs OPEN_ROUTER_API_KEY)")}`);
  if (whole) terminal.line(`  a breaker    ${command} demo --scene ${FLAP.name}`);
  terminal.line(`  a real call  ${command} chat "Hello" --fallback openai/gpt-4o-mini`);
  terminal.line(`  rehearsal    ${command} simulate --script faults.json`);
  const dir = journal ?? "demo-journal";
  if (journal === undefined) terminal.line(`  the records  ${command} demo --journal ${dir}`);
  terminal.line(
    `  ${journal === undefined ? "as a page   " : "the records "} ${command} audit serve --dir ${dir}`,
  );
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
