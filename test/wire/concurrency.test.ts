import { afterEach, describe, expect, test } from "vitest";
import {
  type AuditRecord,
  FallbackChain,
  type FallbackChainOptions,
  memoryAudit,
  openRouter,
} from "../../src/chain.js";
import {
  type ModelScript,
  type SimulatedRequest,
  type Simulator,
  startSimulator,
} from "../../src/testing/index.js";

const PRIMARY = "primary/model";
const FALLBACK = "fallback/model";
const SAYS = { [PRIMARY]: "the primary said this", [FALLBACK]: "the fallback said that" };
const KEYS = { [PRIMARY]: "sk-or-v1-primary", [FALLBACK]: "sk-or-v1-fallback" };
type Model = keyof typeof SAYS;

let simulator: Simulator | undefined;
let chain: FallbackChain | undefined;

afterEach(async () => {
  await chain?.close({ timeoutMs: 0 });
  await simulator?.close();
});

async function setUp(primary: ModelScript, options: Partial<FallbackChainOptions> = {}) {
  const audit = memoryAudit({ limit: 10_000 });
  simulator = await startSimulator({
    models: { [PRIMARY]: primary, [FALLBACK]: { text: SAYS[FALLBACK] } },
    logLimit: 100_000,
  });
  const { baseURL } = simulator;
  const target = (model: Model) => ({ model, provider: openRouter({ apiKey: KEYS[model], baseURL }) });
  chain = new FallbackChain({
    targets: [target(PRIMARY), target(FALLBACK)],
    audit,
    logger: false,
    // No wait between retries: the test is about who is told apart, not about time.
    random: () => 0,
    ...options,
  });
  return { simulator, chain, audit };
}

const prompt = (n: number) => `question number ${n}`;

async function ask(
  chain: FallbackChain,
  n: number,
): Promise<{ n: number; text: string; record: AuditRecord }> {
  const request = { messages: [{ role: "user" as const, content: prompt(n) }] };
  if (n % 2 === 0) return { n, ...(await chain.complete(request)) };
  const stream = chain.stream(request);
  let text = "";
  for await (const part of stream) {
    if (part.type === "text") text += part.text;
    if (part.type === "restart") text = "";
  }
  return { n, text, record: await stream.record };
}

/** What in a call's record is not what the provider's own log says; empty when all is. */
function mismatches(call: Awaited<ReturnType<typeof ask>>, log: Map<string, SimulatedRequest>): string[] {
  const found: string[] = [];
  const { n, text, record } = call;
  const say = (what: string) => found.push(`call ${n}: ${what}`);
  let last = 0;
  for (const attempt of record.attempts) {
    const id = attempt.generationId ?? attempt.failure?.requestId;
    const entry = id === undefined ? undefined : log.get(id);
    if (!entry) {
      say(`attempt ${attempt.n} (${id}) is not in the log`);
      continue;
    }
    if (entry.model !== attempt.model) say(`attempt ${attempt.n} went to ${entry.model}`);
    if (entry.key !== KEYS[attempt.model as Model]) say(`attempt ${attempt.n} used ${entry.key}`);
    if (entry.n <= last) say(`attempt ${attempt.n} came before the one before it`);
    last = entry.n;
    const { messages } = entry.body as { messages: { content: string }[] };
    if (messages[0]?.content !== prompt(n)) say(`attempt ${attempt.n} asked ${messages[0]?.content}`);
    const healthy = entry.script?.fault === undefined;
    if (healthy !== (attempt.outcome === "won")) say(`attempt ${attempt.n} is ${attempt.outcome}`);
    log.delete(id as string);
  }
  const by = record.answeredBy;
  const winner = record.attempts.find(({ outcome }) => outcome === "won");
  if (!by || by.attempt !== winner?.n || by.requestedModel !== winner.model) say("answeredBy is another");
  else if (text !== SAYS[by.requestedModel as Model]) say(`${by.requestedModel} did not say ${text}`);
  return found;
}

function compare(calls: Awaited<ReturnType<typeof ask>>[], { requests }: Simulator) {
  const log = new Map(requests.map((entry) => [entry.generationId ?? `no id ${entry.n}`, entry]));
  expect(log.size).toBe(requests.length);
  const wrong = calls.flatMap((call) => mismatches(call, log));
  return { wrong, unexplained: [...log.keys()] };
}

describe("one instance under concurrency", () => {
  test("answers 1,000 simultaneous calls from a healthy fallback while the primary is dead", async () => {
    const { simulator, chain } = await setUp({ fault: "503" });
    const calls = await Promise.all(Array.from({ length: 1_000 }, (_, n) => ask(chain, n)));
    expect(calls.filter(({ text }) => text === SAYS[FALLBACK])).toHaveLength(1_000);
    // All ask it once; the breaker, and not a thousand retries, answers what comes of it.
    const asked = simulator.requestsTo(PRIMARY).length;
    expect(asked).toBeGreaterThanOrEqual(1_000);
    expect(asked).toBeLessThan(1_100);
    expect(simulator.requestsTo(FALLBACK)).toHaveLength(1_000);
    expect(compare(calls, simulator)).toEqual({ wrong: [], unexplained: [] });
    expect(simulator.openRequests).toBe(0);
  });

  test("records of 8,000 calls by 20 workers equal the provider's log, with a primary that fails half the time", async () => {
    // Half of the requests fail; a breaker would see to it that few are made.
    const { simulator, chain, audit } = await setUp(
      {
        either: [
          { p: 0.395, script: { fault: "500" } },
          // Each is a pause of an eighth of a second, which is two hundred calls here.
          { p: 0.005, script: { fault: "429-bare" } },
          { p: 0.1, script: { fault: "cut", text: SAYS[PRIMARY] } },
          { p: 0.5, script: { text: SAYS[PRIMARY] } },
        ],
      },
      { breaker: false, budget: false },
    );
    const calls: Awaited<ReturnType<typeof ask>>[] = [];
    let next = 0;
    const work = async () => {
      while (next < 8_000) calls.push(await ask(chain, next++));
    };
    await Promise.all(Array.from({ length: 20 }, work));
    expect(calls).toHaveLength(8_000);
    expect(compare(calls, simulator)).toEqual({ wrong: [], unexplained: [] });
    expect(audit.records).toHaveLength(8_000);
    expect(new Set(audit.records)).toEqual(new Set(calls.map(({ record }) => record)));
    // The primary's half was drawn from a seed: both models have answered a good part.
    const byPrimary = calls.filter(({ record }) => record.answeredBy?.requestedModel === PRIMARY).length;
    expect(byPrimary).toBeGreaterThan(500);
    expect(byPrimary).toBeLessThan(7_000);
  }, 60_000);
});
