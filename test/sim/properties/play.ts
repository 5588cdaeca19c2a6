import { getEventListeners } from "node:events";
import type { ChainStream } from "../../../src/answer-stream.js";
import {
  type AuditRecord,
  type ChatRequest,
  createHealth,
  FallbackChain,
  FallbackChainError,
  type MemoryAudit,
  memoryAudit,
  OptionsError,
  type Part,
} from "../../../src/chain.js";
import { clampDelay } from "../../../src/clock.js";
import type { Clock } from "../../../src/types.js";
import { byArrivals } from "../../support/arriving.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { watchDoor } from "./door.js";
import { mostLanes, optionsOf, pricesOf } from "./rig.js";
import type { CallSpec, Scenario } from "./scenario.js";
import { type Seen, Stage } from "./stage.js";

/** One call as its caller saw it. */
export interface Called {
  readonly spec: CallSpec;
  readonly prompt: string;
  readonly startedAt: number;
  parts: Part[];
  /** `left`: the reader did not read on. */
  outcome?: "answered" | "failed" | "left" | "refused" | "broken";
  error?: unknown;
  record?: AuditRecord;
  endedAt?: number;
  listeners?: number;
}

export interface Played {
  scenario: Scenario;
  calls: Called[];
  seen: Seen[];
  /** Found out while it happened. */
  violations: string[];
  chains: { chain: FallbackChain; audit: MemoryAudit; ids: string[] }[];
  /** Engine timers that are set, or went off, after everything had ended. */
  timersLeft: number;
}

/** Virtual time after which whatever still runs hangs. */
const PATIENCE_MS = 86_400_000;

/** Looks at the clock in one moment, in all calls. */
const MOST_LOOKS = 100_000;

/** Runs a scenario to its end. */
export async function play(scenario: Scenario): Promise<Played> {
  const time = new VirtualClock();
  const violations: string[] = [];
  const calls: Called[] = [];
  const settled = new Set<string>();
  let timersLeft = 0;
  const pending = new Set<unknown>();
  let waitedFor = scenario.calls.length;
  let moment = 0;
  let looks = 0;
  const clock: Clock = {
    now: () => {
      const now = time.now();
      if (now !== moment) looks = 0;
      moment = now;
      // Promises that go round in circles let no timer fire, and no test end.
      if (++looks > MOST_LOOKS) throw new Error(`the engine goes round in circles at ${now} ms`);
      return now;
    },
    wall: time.wall,
    setTimeout: (callback, ms) => {
      const setAt = time.now();
      const timer = time.setTimeout(() => {
        pending.delete(timer);
        if (waitedFor === 0 && time.now() > setAt) timersLeft++;
        callback();
      }, clampDelay(ms));
      pending.add(timer);
      return timer;
    },
    clearTimeout: (timer) => {
      pending.delete(timer);
      time.clearTimeout(timer);
    },
  };
  const stage: Stage = new Stage(scenario, time, {
    onOpen: (seen) => {
      const mine = stage.open.filter(({ callId }) => callId === seen.callId);
      const most = mostLanes(scenario);
      if (mine.length > most) violations.push(`${mine.length} lanes in flight, ${most} are allowed`);
      if (settled.has(seen.callId)) violations.push(`a request after its call has ended: ${seen.tag}`);
    },
    prices: ({ provider, request: { model } }) => pricesOf(scenario, provider, model),
  });
  const health = createHealth();
  const chains = Array.from({ length: scenario.chains }, (_, i) => {
    const audit = memoryAudit();
    const options = optionsOf(scenario, i, stage);
    const chain = new FallbackChain({ ...options, clock, health, audit });
    return { chain, audit, ids: Object.keys(chain.health()) };
  });

  const unwatch = watchDoor(scenario, (what) => violations.push(what));
  try {
    scenario.calls.forEach((spec, i) => {
      time.setTimeout(() => {
        const call: Called = { spec, prompt: promptOf(spec, i), startedAt: time.now(), parts: [] };
        calls.push(call);
        const { chain } = chains[spec.chain % chains.length]!;
        const ended = (record: AuditRecord | undefined) => {
          waitedFor--;
          call.endedAt = time.now();
          if (!record) return;
          call.record = record;
          settled.add(record.callId);
        };
        make(call, chain, time, ended);
      }, spec.atMs);
    });
    const { closeAtMs } = scenario;
    if (closeAtMs !== undefined)
      time.setTimeout(() => void chains[0]!.chain.close({ timeoutMs: 3_000 }), closeAtMs);
    await time.run(PATIENCE_MS);
    timersLeft += pending.size;
    const closing = Promise.all(chains.map(({ chain }) => chain.close()));
    await time.run(2 * PATIENCE_MS);
    await closing;
    return { scenario, calls, seen: stage.seen, violations, chains, timersLeft };
  } finally {
    unwatch();
  }
}

function make(
  call: Called,
  chain: FallbackChain,
  time: VirtualClock,
  ended: (record: AuditRecord | undefined) => void,
): void {
  const { spec } = call;
  const caller = new AbortController();
  const { signal } = caller;
  let stream: ChainStream | undefined;
  if (spec.leaves) {
    const { how, afterMs } = spec.leaves;
    const leave = () => {
      // complete() has no stream to cancel.
      if (how === "cancel" && stream) stream.cancel();
      else caller.abort();
    };
    if (afterMs === 0 && how === "signal") leave();
    else time.setTimeout(leave, afterMs);
  }
  const over = (record?: AuditRecord) => {
    ended(record);
    call.listeners = getEventListeners(signal, "abort").length;
  };
  const failed = (error: unknown) => {
    call.error = error;
    const known = FallbackChainError.is(error);
    call.outcome = known ? "failed" : error instanceof OptionsError ? "refused" : "broken";
    return known ? error.record : undefined;
  };
  const request = requestOf(call);
  const options = { signal, gate: spec.gate };
  if (spec.reader === "completes") {
    chain.complete(request, options).then(
      ({ record, text, toolCalls, usage, finishReason, model }) => {
        call.parts = [
          { type: "text", text },
          ...toolCalls.map((each, index) => ({ type: "toolCall" as const, index, ...each })),
          ...(usage ? [{ type: "usage" as const, usage }] : []),
          { type: "finish", reason: finishReason, model },
        ];
        call.outcome = "answered";
        over(record);
      },
      (error) => over(failed(error)),
    );
    return;
  }
  try {
    stream = chain.stream(request, options);
  } catch (error) {
    failed(error);
    over();
    return;
  }
  void stream.record.then(over);
  void read(call, stream, time).catch(failed);
}

async function read(call: Called, stream: ChainStream, time: VirtualClock): Promise<void> {
  const { reader, parts: most, byArrival } = call.spec;
  if (reader === "never comes") {
    call.outcome = "left";
    return;
  }
  for await (const part of byArrival ? partsOf(stream) : stream) {
    call.parts.push(part);
    if (reader === "is slow") await time.sleep(700);
    if (call.parts.length <= most || part.type === "finish") continue;
    if (reader === "breaks off") {
      call.outcome = "left";
      return;
    }
    if (reader === "stops") {
      call.outcome = "left";
      await new Promise(() => {});
    }
  }
  call.outcome = "answered";
}

async function* partsOf(stream: ChainStream): AsyncGenerator<Part> {
  for await (const parts of byArrivals(stream.batches())) {
    for (const part of parts) {
      stream.stillRead();
      yield part;
    }
  }
}

function promptOf({ words }: CallSpec, i: number): string {
  return Array.from({ length: words }, (_, n) => `canary${i}-${n}`).join(" ");
}

function requestOf({ spec: { asks, maxTokens }, prompt }: Called): ChatRequest {
  const tools = [
    {
      type: "function" as const,
      function: {
        name: "look",
        parameters: { type: "object", properties: { by: { type: "string" } }, required: ["by"] },
      },
    },
  ];
  const schema = { type: "object", properties: { by: { type: "string" } }, required: ["by"] };
  return {
    messages: [{ role: "user", content: prompt }],
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...((asks === "tools" || asks === "a tool") && { tools }),
    ...(asks === "a tool" && { tool_choice: "required" as const }),
    ...(asks === "JSON" && {
      response_format: { type: "json_schema" as const, json_schema: { name: "by", schema } },
    }),
  };
}
