import {
  type AgentHooks,
  type AgentInvokeOptions,
  AIGNE,
  ChatModel,
  type ChatModelInput,
  type ChatModelOptions,
  type ChatModelOutput,
} from "@aigne/core";
import type { AgentParts, Invoked } from "../../src/aigne/agent-parts.js";
import { DeltaSource } from "../../src/aigne/delta-source.js";
import { Deltas } from "../../src/aigne/deltas.js";
import { invokeDirectly } from "../../src/aigne/direct-call.js";
import type { Part } from "../../src/types.js";
import { collect } from "./collected-chunks.js";
import { scriptedStream } from "./scripted-stream.js";

export type Deed =
  | "nothing"
  | "throws"
  | "input"
  | "bad input"
  | "options"
  | "hooks"
  | "output"
  | "error"
  | "retry";

/** What the hooks of one place do at their first, second, ... call, and afterwards nothing. */
export type HookPlan = Partial<Record<"onStart" | "onSuccess" | "onError" | "onEnd", readonly Deed[]>> & {
  priority?: "low" | "medium" | "high";
};

/** How the answer to one try comes: what is read one after the other, and an error to end in, or silence. */
export interface Try {
  refused?: boolean;
  reads: readonly (readonly Part[])[];
  dies?: boolean;
  hangs?: boolean;
  /** Default true: it can be waited for without promises. */
  arrives?: boolean;
}

const SILENCE = new Promise<never>(() => {});

/** All that a streamed call may meet. The last try repeats. */
export interface Program {
  tries: readonly Try[];
  hooks?: { call?: HookPlan; context?: HookPlan; agent?: HookPlan };
  retries?: { retries: number; shouldRetry?: "yes" | "no" | "later" | "throws" } | undefined;
  input?: unknown;
  options?: Partial<ChatModelOptions>;
  maxTokens?: number | undefined;
  reading?: "loop" | "reader";
}

type Hooks = AgentHooks<ChatModelInput, ChatModelOutput>;

export const SIDES = ["AIGNE's invoke", "invokeDirectly"] as const;
export type Side = (typeof SIDES)[number];

/** A model whose answers and hooks follow a program, and the log of all that is done to them. */
export function scene(program: Program) {
  const log: unknown[] = [];
  const labels = new Map<unknown, string>();
  const sources: ReturnType<typeof scriptedStream>[] = [];
  const made = (label: string): Error => {
    const error = new Error(label);
    labels.set(error, label);
    return error;
  };
  /** Which error it is, and what it says by now. */
  const told = (error: unknown) =>
    error instanceof Error ? { error: labels.get(error) ?? error.name, message: error.message } : error;

  const open = async (input: ChatModelInput, options: Partial<Invoked>) => {
    const n = sources.length;
    const { refused, reads, dies, hangs, arrives } = program.tries[
      Math.min(n, program.tries.length - 1)
    ] as Try;
    log.push(structuredClone({ open: n, input, extra: options.extra }));
    const end = dies ? [made(`death ${n}`)] : hangs ? [SILENCE] : [];
    const source = scriptedStream([...reads, ...end], { arrives });
    sources.push(source);
    if (refused) throw made(`refusal ${n}`);
    return new DeltaSource(source.stream, new Deltas({ json: false }));
  };

  class Scripted extends ChatModel {
    override async process(input: ChatModelInput, options: AgentInvokeOptions) {
      return (await open(input, options as Invoked)).deltas();
    }
  }

  const hooksOf = (place: string, plan: HookPlan | undefined): Hooks | undefined => {
    if (!plan) return undefined;
    const { priority, ...named } = plan;
    const hooks = Object.entries(named).map(([name, deeds]) => {
      let calls = 0;
      const hook = async ({ input, output, error }: Record<string, unknown>) => {
        const label = `${place} ${name} ${calls}`;
        log.push({ hook: label, ...structuredClone({ input, output }), error: told(error) });
        await Promise.resolve();
        return done(deeds[calls++] ?? "nothing", label, input as ChatModelInput);
      };
      return [name, hook];
    });
    return { ...(priority && { priority }), ...Object.fromEntries(hooks) };
  };

  const done = (deed: Deed, label: string, input: ChatModelInput): object | undefined => {
    if (deed === "throws") throw made(`${label} throws`);
    const results: Record<Exclude<Deed, "throws">, object | undefined> = {
      nothing: undefined,
      input: { input: { messages: [...input.messages, { role: "user", content: label }] } },
      "bad input": { input: { messages: label } },
      options: { options: { extra: label } },
      hooks: { options: { hooks: hooksOf(label, { onSuccess: [], onError: [] }) } },
      output: { output: { text: label } },
      error: { error: made(`${label} error`) },
      retry: { retry: true },
    };
    return results[deed];
  };

  const context = new AIGNE({
    ...(program.maxTokens && { limits: { maxTokens: program.maxTokens } }),
  }).newContext();
  context.usage.inputTokens = 5;
  for (const name of ["agentStarted", "agentSucceed", "agentFailed"] as const) {
    context.on(name, (event: unknown) => {
      const { agent: whose, input, output, error, taskTitle } = event as Record<string, unknown>;
      if (whose !== agent) return;
      log.push({ event: name, ...structuredClone({ input, output, taskTitle }), error: told(error) });
    });
  }
  const { agent: own, context: shared, call } = program.hooks ?? {};
  const sharedHooks = hooksOf("context", shared);
  if (sharedHooks) context.hooks.push(sharedHooks as never);
  const ownHooks = hooksOf("agent", own);
  const agent = new Scripted({
    ...program.options,
    ...(ownHooks && { hooks: ownHooks }),
    retryOnError: program.retries ? retryOnError(program.retries, log, told, made) : false,
  });
  const callHooks = hooksOf("call", call);
  const input = (program.input ?? { messages: [{ role: "user", content: "Say it." }] }) as ChatModelInput;
  const options = { context, streaming: true as const, ...(callHooks && { hooks: callHooks }) };
  const invoke = (side: Side): Promise<ReadableStream<unknown>> =>
    side === "invokeDirectly"
      ? invokeDirectly(agent as unknown as AgentParts, structuredClone(input), options as never, open)
      : (agent.invoke(structuredClone(input), options as never) as unknown as Promise<
          ReadableStream<unknown>
        >);
  return { log, told, made, sources, context, agent, options, open, invoke };
}

function retryOnError(
  { retries, shouldRetry }: NonNullable<Program["retries"]>,
  log: unknown[],
  told: (error: unknown) => unknown,
  made: (label: string) => Error,
) {
  const answers = {
    yes: () => true,
    no: () => false,
    later: () => new Promise<boolean>((resolve) => setImmediate(() => resolve(true))),
    throws: () => {
      throw made("shouldRetry throws");
    },
  };
  const judge = (error: Error) => {
    log.push({ shouldRetry: told(error) });
    return answers[shouldRetry ?? "yes"]();
  };
  // No function counts as one that says yes, but for ChatModel, which has one of its own then.
  return { retries, minTimeout: 1, factor: 1, shouldRetry: judge as (error: Error) => boolean };
}

/** All that can be seen of a call from outside. */
export async function played(side: Side, program: Program) {
  const { log, told, context, invoke } = scene(program);
  let stream: ReadableStream<unknown>;
  try {
    stream = await invoke(side);
  } catch (error) {
    return { refused: told(error), log, usage: { ...context.usage } };
  }
  const { chunks, merged, error } = await collect(
    program.reading === "reader" ? readBy(stream.getReader()) : stream,
  );
  return { chunks, merged, error: told(error), log, usage: { ...context.usage } };
}

async function* readBy(reader: ReadableStreamDefaultReader<unknown>) {
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}
