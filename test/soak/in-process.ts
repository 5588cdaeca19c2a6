import { setImmediate as turn } from "node:timers/promises";
import { type Provider, type ProviderPart, SignalError } from "../../src/chain.js";
import { textOf } from "./caller.js";
import { type Deed, deedOf } from "./fates.js";

/** The targets of every rig, by place. */
export const MODELS = ["alpha/one", "beta/two", "gamma/three"] as const;

const placeOf = (model: string) => (MODELS as readonly string[]).indexOf(model);
const pieces = (model: string) => textOf(model).match(/\s*\S+/g) as string[];
const usage = { inputTokens: 12, outputTokens: 9 };

const silence = (signal: AbortSignal | null | undefined) =>
  new Promise<never>((_, reject) => {
    const give = () => reject(new SignalError({ kind: "aborted" }));
    if (signal?.aborted) give();
    else signal?.addEventListener("abort", give, { once: true });
  });

async function* partsOf(model: string, deed: Deed, signal: AbortSignal): AsyncGenerator<ProviderPart[]> {
  const said = deed === "is empty" ? [] : pieces(model);
  yield [{ type: "meta", model, generationId: "gen-soak" }];
  for (const [at, text] of said.entries()) {
    if (at === 4 && deed === "dies") throw new SignalError({ kind: "eof", afterContent: true });
    // A read of its own now and then, as a network has it.
    if (at % 4 === 3) await turn();
    if (signal.aborted) throw new SignalError({ kind: "aborted" });
    yield [{ type: "text", text }];
  }
  if (deed === "breaks") throw new SignalError({ kind: "invalid", reason: "json", message: "broken JSON" });
  yield [
    { type: "usage", usage },
    { type: "finish", reason: "stop" },
  ];
}

/** A provider without a wire, that remembers nothing. */
export function inProcessProvider(random: () => number): Provider {
  return {
    name: "in-process",
    account: "soak",
    supports: { usageInStream: true, tools: true, jsonSchema: true, prefill: true, openRouterKeys: true },
    async open({ model, messages }, { signal, onHeaders }) {
      const deed = deedOf(String(messages[0]?.content), placeOf(model), random);
      await turn();
      if (signal.aborted) throw new SignalError({ kind: "aborted" });
      if (deed === "is silent") await silence(signal);
      if (typeof deed === "object") {
        if (deed.kind === "http") onHeaders({ status: deed.status });
        throw new SignalError(deed);
      }
      onHeaders({ status: 200 });
      return partsOf(model, deed, signal);
    },
  };
}

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

function* wireText(model: string, deed: Deed): Generator<string> {
  const base = { id: "gen-soak", object: "chat.completion.chunk", created: 1, model, provider: "Soak" };
  const chunk = (delta: object, finish: string | null = null, more = {}) =>
    event({ ...base, choices: [{ index: 0, delta, finish_reason: finish }], ...more });
  const said = deed === "is empty" ? [] : pieces(model);
  for (const [at, content] of said.entries()) {
    if (at === 4 && deed === "dies") return;
    yield chunk({ role: "assistant", content });
  }
  if (deed === "breaks") yield 'data: {"id":\n\n';
  yield chunk({}, "stop", { usage: { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21 } });
  yield "data: [DONE]\n\n";
}

function wholeAnswer(model: string, deed: Deed): string {
  const content = deed === "is empty" ? "" : textOf(model);
  const json = JSON.stringify({
    id: "gen-soak",
    object: "chat.completion",
    created: 1,
    model,
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21 },
  });
  return deed === "dies" || deed === "breaks" ? json.slice(0, json.length / 2) : json;
}

const encoder = new TextEncoder();

/** Stands in for a network below the `openai` client, and remembers nothing. */
export function inProcessFetch(random: () => number) {
  return async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    if (String(url).endsWith("/models")) return Response.json({ data: [] });
    const body = String(init.body);
    const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean };
    const deed = deedOf(body, placeOf(model), random);
    await turn();
    init.signal?.throwIfAborted();
    if (deed === "is silent") await silence(init.signal);
    if (typeof deed === "object") {
      if (deed.kind !== "http") throw new TypeError("fetch failed");
      const { status, headers, body: text } = deed;
      return new Response(text, { status, headers: { "content-type": "application/json", ...headers } });
    }
    if (!stream)
      return new Response(wholeAnswer(model, deed), { headers: { "content-type": "application/json" } });
    const texts = wireText(model, deed);
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      await turn();
      let read = "";
      // Some events to a read.
      for (let event = 0; event < 3; event++) {
        const { done, value } = texts.next();
        if (!done) read += value;
      }
      if (read === "") controller.close();
      else controller.enqueue(encoder.encode(read));
    };
    return new Response(new ReadableStream({ pull }), { headers: { "content-type": "text/event-stream" } });
  };
}
