import { getEventListeners } from "node:events";
import type { Agent } from "undici";
import { AnswerFold } from "../../src/answer.js";
import {
  type AuditRecord,
  type ChatRequest,
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
  memoryAudit,
  openRouter,
  type Part,
  type Timeouts,
} from "../../src/chain.js";
import { createAgent } from "../../src/providers/agent.js";
import { type ModelScript, type Simulator, startSimulator } from "../../src/testing/index.js";
import { countingClock } from "./counting-clock.js";
import { eventually } from "./eventually.js";
import type { Place } from "./place.js";

export const PRIMARY = "primary/model";
export const FALLBACK = "fallback/model";
export const P = Array.from({ length: 20 }, (_, i) => `P${i}`).join(" ");
export const F = Array.from({ length: 20 }, (_, i) => `F${i}`).join(" ");

/** Slow enough for tokens to be shown before the fault, quick enough for a suite. */
export const PACE = { tokenMs: 10 };

export const TOOLS: NonNullable<ChatRequest["tools"]> = [
  {
    type: "function",
    function: {
      name: "weather",
      parameters: { type: "object", properties: { city: { type: "string" } } },
    },
  },
];

/** One situation: a faulty primary beside a healthy fallback. */
export interface Trial {
  /** What the primary does; or another place at which it is. */
  primary: ModelScript | (() => Promise<Place>);
  fallback?: ModelScript;
  /** The primary's right answer, where it is not P. */
  says?: string;
  /** Clocks of the primary, in ms; the rest are the defaults. */
  clocks?: Partial<Omit<Timeouts, "totalMs" | "consumerMs">>;
  options?: Partial<FallbackChainOptions>;
  request?: Partial<ChatRequest>;
  /** The fallback has a key of its own. */
  otherKey?: boolean;
}

/** What caller and provider saw of one call. */
export interface Observation {
  streamed: boolean;
  /** Whose whole answer it was, the error's code, or what must never be. */
  verdict: "primary" | "fallback" | FallbackChainError["code"] | "hung" | "torn";
  /** The merged object. */
  text: string;
  toolCalls: { name: string; arguments: string }[];
  restarts: number;
  finishReason?: string;
  error?: FallbackChainError;
  record: AuditRecord;
  /** Requests the primary and the fallback saw. */
  requests: [number, number];
  /** Body bytes the primary handed to its socket. */
  bytes: number;
  ms: number;
  /** What was left behind; all zero when clean. */
  leaks: { timers: number; listeners: number; openRequests: number; sockets: number };
}

const HUNG_MS = 15_000;
const KEYS = ["sk-or-v1-first", "sk-or-v1-second"] as const;

/** Runs one call over real sockets and looks at what it leaves behind. */
export async function observe(trial: Trial, streamed: boolean): Promise<Observation> {
  const script = typeof trial.primary === "function" ? undefined : trial.primary;
  const simulator = await startSimulator({
    models: { ...(script && { [PRIMARY]: script }), [FALLBACK]: trial.fallback ?? { text: F } },
  });
  const place = typeof trial.primary === "function" ? await trial.primary() : undefined;
  const agent = createAgent();
  const clock = countingClock();
  const { signal } = new AbortController();
  const port = (apiKey: string, baseURL: string) =>
    openRouter({ apiKey, baseURL, clientOptions: { fetchOptions: { dispatcher: agent } as object } });
  const chain = new FallbackChain({
    targets: [
      {
        model: PRIMARY,
        provider: port(KEYS[0], place?.baseURL ?? simulator.baseURL),
        ...(trial.clocks && { timeouts: trial.clocks }),
      },
      { model: FALLBACK, provider: port(KEYS[trial.otherKey ? 1 : 0], simulator.baseURL) },
    ],
    audit: memoryAudit(),
    logger: false,
    clock,
    // A fifth of the full jitter: backoffs of 100 ms, 200 ms.
    random: () => 0.2,
    ...trial.options,
  });
  const request: ChatRequest = {
    messages: [{ role: "user", content: "Say your twenty words." }],
    ...trial.request,
  };
  try {
    const startedAt = performance.now();
    const outcome = await (streamed ? readStream : readWhole)(chain, request, signal, trial.says ?? P);
    const ms = performance.now() - startedAt;
    const leaks = await leftBehind({ simulator, place, agent, clock, signal });
    const seen = (model: string) => simulator.requestsTo(model).length;
    const bytes = simulator.requestsTo(PRIMARY).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    const requests: [number, number] = [place?.requests ?? seen(PRIMARY), seen(FALLBACK)];
    return { ...outcome, streamed, ms, leaks, requests, bytes };
  } finally {
    await chain.close({ timeoutMs: 0 });
    await agent.destroy();
    await place?.close();
    await simulator.close();
  }
}

type Outcome = Pick<
  Observation,
  "verdict" | "text" | "toolCalls" | "restarts" | "finishReason" | "error" | "record"
>;

async function readWhole(
  chain: FallbackChain,
  request: ChatRequest,
  signal: AbortSignal,
  says: string,
): Promise<Outcome> {
  try {
    const answer = await limited(chain.complete(request, { signal }));
    return { ...answer, verdict: whose(answer, says), restarts: 0 };
  } catch (error) {
    return failed(error, "", 0);
  }
}

async function readStream(
  chain: FallbackChain,
  request: ChatRequest,
  signal: AbortSignal,
  says: string,
): Promise<Outcome> {
  const stream = chain.stream(request, { signal });
  const merged = new AnswerFold();
  let loop = "";
  let restarts = 0;
  const ends: Part["type"][] = [];
  const read = async () => {
    for await (const part of stream) {
      merged.add([part]);
      ends.push(part.type);
      if (part.type === "text") loop += part.text;
      if (part.type === "restart") {
        loop = "";
        restarts++;
      }
    }
  };
  try {
    await limited(read());
  } catch (error) {
    return failed(error, loop, restarts);
  }
  const { answer } = merged;
  const whole = loop === answer.text && ends.indexOf("finish") === ends.length - 1;
  return { ...answer, verdict: whole ? whose(answer, says) : "torn", restarts, record: await stream.record };
}

/** An answer is right when it is all of one model's, to the letter. */
function whose({ text, toolCalls }: Pick<Outcome, "text" | "toolCalls">, says: string): Outcome["verdict"] {
  const city = toolCalls[0] && (JSON.parse(toolCalls[0].arguments) as { city?: string }).city;
  if (toolCalls.length > 1 || (toolCalls.length === 1 && text !== "")) return "torn";
  const said = city ?? text;
  if (said === says || said === "Paris") return "primary";
  return said === F || said === "Florence" ? "fallback" : "torn";
}

function failed(error: unknown, text: string, restarts: number): Outcome {
  if (error instanceof Hung) {
    return { verdict: "hung", text, toolCalls: [], restarts, record: {} as AuditRecord };
  }
  if (!FallbackChainError.is(error)) throw error;
  return { verdict: error.code, text, toolCalls: [], restarts, error, record: error.record };
}

class Hung extends Error {}

async function limited<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hung()), HUNG_MS);
  });
  try {
    return await Promise.race([promise, hung]);
  } finally {
    clearTimeout(timer);
  }
}

async function leftBehind(scene: {
  simulator: Simulator;
  place: Place | undefined;
  agent: Agent;
  clock: { pending: number };
  signal: AbortSignal;
}): Promise<Observation["leaks"]> {
  const { simulator, place, agent, clock, signal } = scene;
  await eventually(() => clock.pending === 0 && simulator.openRequests === 0);
  const openRequests = simulator.openRequests;
  // Sockets that idle in the pool may stay until it is closed; one with an open response would keep it from closing.
  await Promise.race([agent.close(), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
  await eventually(() => simulator.openConnections === 0 && (place?.openConnections ?? 0) === 0);
  return {
    timers: clock.pending,
    listeners: getEventListeners(signal, "abort").length,
    openRequests,
    sockets: simulator.openConnections + (place?.openConnections ?? 0),
  };
}
