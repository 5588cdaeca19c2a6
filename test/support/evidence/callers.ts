import { type AuditRecord, FallbackChainError } from "../../../src/chain.js";
import type { Rig } from "./chains.js";

/** What one caller did and was given. */
export interface Called {
  n: number;
  rig: Rig;
  prompt: string;
  streamed: boolean;
  /** What the caller did beside reading to the end. */
  habit: Habit;
  record: AuditRecord;
  /** Of a call that ended well. */
  text?: string;
  model?: string;
  restarts: number;
  error?: unknown;
}

/** In place of the error of a call whose caller stopped reading. */
export const LEFT = "left";

type Habit = "reads" | "aborts" | "aborted" | "breaks" | "cancels" | "leaves" | "stops short";

const HABITS: [number, Habit][] = [
  [0.08, "aborts"],
  [0.01, "aborted"],
  [0.03, "breaks"],
  [0.03, "cancels"],
  [0.01, "leaves"],
  [0.03, "stops short"],
];

function habitOf(draw: number): Habit {
  let left = draw;
  for (const [p, habit] of HABITS) {
    if (left < p) return habit;
    left -= p;
  }
  return "reads";
}

/** One call by a caller of some habit. */
export async function call(n: number, rig: Rig, random: () => number): Promise<Called> {
  const prompt = `question number ${n}`;
  const habit = habitOf(random());
  const streamed = habit === "reads" || habit === "aborts" || habit === "aborted" ? random() < 0.6 : true;
  const controller = new AbortController();
  const timer = habit === "aborts" && setTimeout(() => controller.abort(), random() * 1_500);
  if (habit === "aborted") controller.abort();
  const request = { messages: [{ role: "user" as const, content: prompt }] };
  const options = {
    signal: controller.signal,
    labels: { call: `${n}`, chain: rig.name },
    caller: { userId: `user ${n}` },
  };
  const about = { n, rig, prompt, streamed, habit, restarts: 0 };
  try {
    if (streamed) return { ...about, ...(await read(rig.chain.stream(request, options), habit, random)) };
    const { text, model, record } = await rig.chain.complete(request, options);
    return { ...about, text, model, record };
  } catch (error) {
    // A complete() has no other way to its record.
    if (!FallbackChainError.is(error) || !error.record) throw error;
    return { ...about, record: error.record, error };
  } finally {
    if (timer) clearTimeout(timer);
  }
}

type Stream = ReturnType<Rig["chain"]["stream"]>;
type Read = Pick<Called, "record" | "text" | "model" | "restarts" | "error">;

async function read(stream: Stream, habit: Habit, random: () => number): Promise<Read> {
  const after = Math.floor(random() * 8);
  const got = { text: "", restarts: 0 };
  let parts = 0;
  try {
    if (habit === "leaves") return { record: await stream.record, restarts: 0, error: LEFT };
    for await (const part of stream) {
      if (part.type === "text") got.text += part.text;
      if (part.type === "restart") {
        got.text = "";
        got.restarts++;
      }
      if (part.type === "finish") return { ...got, model: part.model, record: await stream.record };
      if (habit === "cancels" && parts === after) stream.cancel();
      if (habit === "breaks" && parts === after) break;
      // The whole text is here, and nobody asks for what comes behind it.
      if (habit === "stops short" && got.text.endsWith("alone.")) break;
      parts++;
    }
    return { restarts: got.restarts, record: await stream.record, error: LEFT };
  } catch (error) {
    return { restarts: got.restarts, record: await stream.record, error };
  }
}
