import type { Price } from "../../../src/model-facts.js";
import { costOf } from "../../../src/price.js";
import { inputTokens } from "../../../src/tokens.js";
import type { ProviderPart, Signal, Usage, WireRequest } from "../../../src/types.js";
import { ECHO, ENDS, HEADS } from "./acts.js";
import type { Seen } from "./stage.js";

/** Milliseconds of silence, one network read, the failure that ends it all, or a note that is taken by the way. */
export type Step = number | readonly ProviderPart[] | Signal | (() => void);

/** What an answer has to do with. */
interface Means {
  /** Tokens. */
  room: number;
  /** Of all targets that the request may have been for. */
  prices: readonly Price[];
}

const PIECES = 5;
/** What a model said although it had been said. */
const repeated = new WeakSet<ProviderPart>();

/** Of no shape that is known to be a key's: only its provider can tell. */
export const keyOf = (account: string) => `hush of ${account} 0123456789`;

/** The failure in place of response headers. */
export function headOf({ act, request, account, prefix }: Seen): Signal | undefined {
  const refuses = prefix !== undefined && act.resume === "refuses";
  const head = refuses ? "400" : act.head;
  if (head === "ok") return undefined;
  const output = request.max_tokens ?? 600;
  return careless(HEADS[head]({ input: inputTokens(request), output }), account, request);
}

/** All that it says, and how it ends. */
export function stepsOf(seen: Seen, { room, prices }: Means): Step[] {
  const { act, request, account, tag, prefix } = seen;
  const { end } = act;
  const isWhole = end === "whole" || end === "length";
  const batches: ProviderPart[][] = [[{ type: "meta", model: `served/${tag}`, generationId: `gen-${tag}` }]];
  if (act.thoughts && room >= 48) batches.push([{ type: "thoughts", text: `${tag}.thinks ` }]);
  const pieces = end === "empty" ? [] : piecesOf(seen, room);
  const said = isWhole ? pieces : pieces.slice(0, act.said);
  for (const piece of said) batches.push([piece]);
  if (end === "filtered") batches.push([{ type: "finish", reason: "content_filter" }]);
  const usage = usageOf(seen, { room, prices });
  if (isWhole || end === "empty") {
    const calls = said.some(({ type }) => type === "toolCall");
    const reason = end === "length" ? "length" : calls ? "tool_calls" : "stop";
    const finish: ProviderPart = { type: "finish", reason };
    const trailer: ProviderPart[] = usage ? [{ type: "usage", usage }] : [];
    batches.push(...(act.burst ? [[...trailer, finish]] : [[finish], trailer]));
  } else if (usage && act.burst) batches.push([{ type: "usage", usage }]);

  const steps: Step[] = [act.silentMs];
  for (let batch = batches.shift(); batch; batch = batches.shift()) {
    const both = act.burst ? [...batch, ...(batches.shift() ?? [])] : batch;
    steps.push(() => {
      for (const part of both) {
        if (part.type === "text" && !repeated.has(part)) seen.text += part.text;
      }
    });
    if (both.length > 0) steps.push(both, act.gapMs);
  }
  if (end === "silence") steps.push(1e9);
  if (end in ENDS) steps.push(careless(ENDS[end as keyof typeof ENDS](), account, request));
  // What is left out of the text when it is joined to what was shown.
  if (prefix !== undefined) seen.text = begins(seen) === "anew" ? "" : prefix;
  return steps;
}

function begins({ prefix = "", act }: Seen): "anew" | "on" {
  // What is shorter than that could be chance.
  return act.resume === "begins anew" && prefix.length > 16 ? "anew" : "on";
}

function piecesOf(seen: Seen, room: number): ProviderPart[] {
  const { request, tag, act, prefix } = seen;
  const called = act.calls || request.tool_choice === "required";
  if (request.tools && called) {
    const call = (args: string, name?: string): ProviderPart => ({
      type: "toolCall",
      index: 0,
      ...(name && { id: "c1", name }),
      arguments: args,
    });
    return [call("", act.rotten ? "unknown" : "look"), call('{"by":'), call(`"${tag}"`), call("}")];
  }
  const text = (piece: string): ProviderPart => ({ type: "text", text: piece });
  if (request.response_format)
    return ['{"by":', `"${tag}"`, act.rotten ? "" : "}"].filter((piece) => piece !== "").map(text);
  const words = act.long && room > 1_000 ? 30 : 1;
  const pieces = Array.from({ length: room >= 48 ? PIECES : 1 }, (_, i) =>
    text(Array.from({ length: words }, (_, word) => `${tag}.${i * words + word} `).join("")),
  );
  if (prefix !== undefined && begins(seen) === "anew") pieces.unshift(text(prefix.slice(0, 17)));
  else if (prefix !== undefined && act.resume === "repeats the end") {
    const end = text(prefix.slice(prefix.trimEnd().lastIndexOf(" ") + 1));
    repeated.add(end);
    pieces.unshift(end);
  }
  return pieces;
}

function usageOf(seen: Seen, { room, prices }: Means): Usage | undefined {
  const { act, request } = seen;
  if (act.usage === "none") return undefined;
  const input = inputTokens(request);
  const most = Math.min(room, 4_000);
  const usage: Usage = {
    inputTokens: input,
    outputTokens: Math.max(1, Math.floor(most * act.length)),
    ...(act.burst && { cacheReadInputTokens: Math.floor(input / 2) }),
  };
  if (act.usage === "tokens") return usage;
  const costs = prices.map((price) => costOf(usage, price));
  return { ...usage, costUsd: costs.length > 0 ? Math.min(...costs) : 0.001 };
}

/** A server that puts the key and the prompt into its errors. */
function careless<T extends Signal>(signal: T, account: string, request: WireRequest): T {
  const echo = JSON.stringify(`${keyOf(account)} ${String(request.messages[0]!.content).slice(0, 60)}`).slice(
    1,
    -1,
  );
  if (signal.kind === "http") return { ...signal, body: signal.body.replaceAll(ECHO, echo) };
  if (signal.kind === "error_body")
    return { ...signal, body: JSON.parse(JSON.stringify(signal.body).replaceAll(ECHO, echo)) };
  if (signal.kind === "thrown" && signal.error instanceof Error)
    signal.error.message = signal.error.message.replaceAll(ECHO, echo);
  return signal;
}
