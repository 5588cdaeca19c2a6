import { type AgentResponseStream, type ChatModelOutput, isAgentResponseDelta } from "@aigne/core";
import {
  type AuditRecord,
  type ChainStream,
  type FallbackChain,
  FallbackChainError,
} from "../../src/chain.js";
import type { OpenRouterChatModel } from "../../src/index.js";

/** What a caller does beside reading to the end. */
export type Habit = "reads" | "aborts" | "breaks off" | "cancels";

export interface Wish {
  /** What is said to the model, by which a fate is found again. */
  prompt: string;
  streamed: boolean;
  habit: Habit;
  /** Of all calls. */
  shared: AbortSignal;
  random: () => number;
}

/** How a call ended: with an answer, the code of its error, or as nothing may end. */
export interface End {
  name: "answer" | "left" | FallbackChainError["code"] | "wrong";
  /** Of a wrong end. */
  why?: string;
  record?: AuditRecord;
}

/** What every model says is told from what the others say. */
export const textOf = (model: string) => `Asked and answered, then and there, by ${model} alone.`;

const messages = (prompt: string) => [{ role: "user" as const, content: prompt }];

/** The signals of a call, and what ends its own after a while where the caller is one who aborts. */
function signalsOf({ habit, shared, random }: Wish): { signals: AbortSignal[]; done: () => void } {
  if (habit !== "aborts") return { signals: [shared], done: () => {} };
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), random() * 8);
  return { signals: [shared, own.signal], done: () => clearTimeout(timer) };
}

/** One call of a chain. */
export async function callChain(chain: FallbackChain, wish: Wish): Promise<End> {
  const { signals, done } = signalsOf(wish);
  const request = { messages: messages(wish.prompt) };
  try {
    if (!wish.streamed) {
      const { text, record } = await chain.complete(request, { signal: signals });
      return judged(text, record);
    }
    const stream = chain.stream(request, { signal: signals });
    return await readStream(stream, wish);
  } catch (error) {
    return failed(error, wish);
  } finally {
    done();
  }
}

async function readStream(stream: ChainStream, { habit, random }: Wish): Promise<End> {
  const after = Math.floor(random() * 4);
  let text = "";
  let parts = 0;
  for await (const part of stream) {
    if (part.type === "restart") text = "";
    if (part.type === "text") text += part.text;
    if (part.type === "finish") return judged(text, await stream.record);
    if (habit === "breaks off" && parts === after) break;
    if (habit === "cancels" && parts === after) stream.cancel();
    parts++;
  }
  if (habit !== "breaks off") return { name: "wrong", why: "the stream ended without a finish" };
  return { name: "left", record: await stream.record };
}

/** One call of a chat model of AIGNE. */
export async function callModel(
  model: OpenRouterChatModel,
  texts: ReadonlySet<string>,
  wish: Wish,
): Promise<End> {
  const { signals, done } = signalsOf(wish);
  // It takes one signal.
  const signal = signals.at(-1) as AbortSignal;
  const input = { messages: messages(wish.prompt) };
  try {
    const text = wish.streamed
      ? await readDeltas(await model.invoke(input, { streaming: true, signal }), wish)
      : (await model.invoke(input, { signal })).text;
    if (text === undefined) return { name: "left" };
    return texts.has(text) ? { name: "answer" } : { name: "wrong", why: `answered ${text}` };
  } catch (error) {
    return failed(error, wish);
  } finally {
    done();
  }
}

type Deltas = AgentResponseStream<ChatModelOutput>;

/** Undefined when the caller has left. */
async function readDeltas(stream: Deltas, { habit, random }: Wish): Promise<string | undefined> {
  const after = Math.floor(random() * 4);
  let text = "";
  let chunks = 0;
  for await (const chunk of stream) {
    if (!isAgentResponseDelta(chunk)) continue;
    const { delta } = chunk;
    if (delta.text?.text) text += delta.text.text;
    if (delta.json && "text" in delta.json) text = String(delta.json.text ?? "");
    if ((habit === "breaks off" || habit === "cancels") && chunks++ === after) return undefined;
  }
  return text;
}

function judged(text: string, record: AuditRecord): End {
  const winner = record.attempts.find(({ outcome }) => outcome === "won");
  if (record.outcome !== "ok" || !winner || record.answeredBy?.attempt !== winner.n)
    return { name: "wrong", why: `answered, and is recorded as ${record.outcome}` };
  if (text !== textOf(winner.model)) return { name: "wrong", why: `${winner.model} answered ${text}` };
  return { name: "answer", record };
}

function failed(error: unknown, { habit }: Wish): End {
  if (!FallbackChainError.is(error)) return { name: "wrong", why: `threw ${String(error)}` };
  const { code, attempts, record } = error;
  const isListed =
    attempts.length === record.attempts.length &&
    attempts.every(({ outcome }) => outcome !== "won") &&
    record.answeredBy === undefined;
  if (!isListed) return { name: "wrong", why: "an error that does not list the attempts" };
  if (code === "aborted" && habit !== "aborts" && habit !== "cancels")
    return { name: "wrong", why: "aborted by nobody" };
  return { name: code, record };
}
