import { AnswerFold } from "../../src/answer.js";
import {
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
  openRouter,
  type Usage,
} from "../../src/chain.js";
import {
  type ModelScript,
  type SimulatedRequest,
  type Simulator,
  startSimulator,
} from "../../src/testing/index.js";

/** Sixty words, as the bench's answer has. */
export const ANSWER = Array.from({ length: 60 }, (_, i) => `word${i + 1}`).join(" ");

const PRIMARY = "bench/primary";
const FALLBACK = "bench/fallback";
const HEALTHY = "bench/healthy";

/** The times of the bench's published profile are multiplied by this: the simulator's and those the checks ask. */
export type Scale = number;

/** What caller and provider saw of one scenario. */
export interface BenchRun {
  complete: boolean;
  text: string;
  error?: FallbackChainError;
  usage?: Usage;
  /** As the answer names it. */
  model?: string;
  ms: number;
  primary: SimulatedRequest[];
  fallback: SimulatedRequest[];
  /** A healthy call through the same chain succeeded afterwards. */
  alive: boolean;
  /** Requests to the fallback that ended with an assistant message. */
  prefills: number;
}

export interface Check {
  says: string;
  advisory?: boolean;
  /** Never changes the verdict. */
  informational?: boolean;
  holds(run: BenchRun, scale: Scale): boolean;
}

export interface Scenario {
  id: string;
  title: string;
  does: string;
  primary(scale: Scale): ModelScript;
  fallback?: ModelScript;
  options?: Partial<FallbackChainOptions>;
  /** The caller is meant to get an error. */
  ideal?: "error";
  /** Seconds after which the call counts as hung. */
  maxSeconds: number;
  checks: Check[];
}

export interface Judged {
  scenario: Scenario;
  verdict: "pass" | "partial" | "safe" | "fail";
  broken: string[];
  run: BenchRun;
}

/** The bench's common configuration: one fallback and, of ours, `firstTokenMs: 10_000`; everything else is default. */
function benchOptions(scale: Scale): Partial<FallbackChainOptions> {
  // A scale of 1 leaves the defaults alone; another one scales the clocks that the bench's silences run into.
  const rest = scale === 1 ? {} : { idleMs: 20_000 * scale };
  return { timeouts: { firstTokenMs: 10_000 * scale, ...rest }, logger: false };
}

export async function openBench(
  scenario: Scenario,
  scale: Scale,
  options: Partial<FallbackChainOptions> = {},
) {
  const healthy = { text: ANSWER, continues: true, pace: { tokenMs: 15 * Math.min(1, scale) } };
  const simulator = await startSimulator({
    models: {
      [PRIMARY]: scenario.primary(scale),
      [FALLBACK]: scenario.fallback ?? healthy,
      [HEALTHY]: healthy,
    },
  });
  const provider = openRouter({ apiKey: "sk-or-v1-bench", baseURL: simulator.baseURL });
  const chain = new FallbackChain({
    targets: [PRIMARY, FALLBACK],
    provider,
    ...benchOptions(scale),
    ...scenario.options,
    ...options,
  });
  return { simulator, chain };
}

const ASK = { messages: [{ role: "user" as const, content: "Count to sixty, in a way." }] };

export async function call(
  chain: FallbackChain,
  model?: string,
): Promise<Omit<BenchRun, "primary" | "fallback" | "alive" | "prefills">> {
  const startedAt = performance.now();
  const fold = new AnswerFold();
  let error: FallbackChainError | undefined;
  try {
    for await (const part of chain.stream(ASK, model === undefined ? {} : { model })) fold.add([part]);
  } catch (caught) {
    if (!FallbackChainError.is(caught)) throw caught;
    error = caught;
  }
  const { text, usage, model: named } = fold.answer;
  return {
    complete: error === undefined && text === ANSWER,
    text,
    ms: performance.now() - startedAt,
    ...(error && { error }),
    ...(usage && { usage }),
    ...(named !== "" && { model: named }),
  };
}

/** Runs a scenario of one call and judges it by the bench's rules. */
export async function runScenario(scenario: Scenario, scale: Scale): Promise<Judged> {
  const { simulator, chain } = await openBench(scenario, scale);
  try {
    const own = await call(chain);
    const log = seen(simulator);
    const run: BenchRun = { ...own, ...log, alive: (await call(chain, HEALTHY)).complete };
    return judgeRun(scenario, run, scale);
  } finally {
    await chain.close({ timeoutMs: 0 });
    await simulator.close();
  }
}

export function seen(simulator: Simulator) {
  const fallback = simulator.requestsTo(FALLBACK);
  return {
    primary: simulator.requestsTo(PRIMARY),
    fallback,
    prefills: fallback.filter(({ body }) => lastRole(body) === "assistant").length,
  };
}

function lastRole(body: unknown): string | undefined {
  return (body as { messages: { role: string }[] }).messages.at(-1)?.role;
}

export function judgeRun(scenario: Scenario, run: BenchRun, scale: Scale): Judged {
  const broken = scenario.checks.filter((check) => !check.informational && !check.holds(run, scale));
  const hung = run.ms > scenario.maxSeconds * 1_000 * Math.max(scale, 0.2);
  const truncated = run.error === undefined && !run.complete;
  const rescued = scenario.ideal === "error" ? run.error !== undefined : run.complete;
  const names = broken.map(({ says }) => says);
  const verdict = (): Judged["verdict"] => {
    if (hung || broken.some(({ advisory }) => !advisory)) return "fail";
    if (truncated && scenario.ideal !== "error") return "fail";
    if (scenario.ideal === "error" && !rescued) return "partial";
    if (!rescued) return "safe";
    return broken.length > 0 ? "partial" : "pass";
  };
  return { scenario, verdict: verdict(), broken: hung ? ["hung", ...names] : names, run };
}
