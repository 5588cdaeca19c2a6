import { seeded } from "../seeded.js";
import { type ErrorReply, REQUEST_ERRORS } from "./bodies.js";
import { canonicalSlug, type ModelFacts, priceOf } from "./catalogue.js";
import type { Drawn } from "./cursor.js";
import { alteredPlan, answerOps, beforeFirstToken } from "./faults.js";
import { errorReply } from "./http-faults.js";
import { type KeyFacts, keyFault } from "./keys.js";
import type { SimulatedRequest } from "./log.js";
import { end, head, type Ops, send } from "./ops.js";
import { type Occasion, planOf } from "./plan.js";
import { alphanumeric, derive } from "./random.js";

/** Unix seconds of the first answer: fixed, so that a seed fixes every id. */
const EPOCH = 1_778_031_306;

/** What a chat request is answered from. */
export interface Backend {
  seed: number;
  keys?: Record<string, KeyFacts>;
  facts: Record<string, ModelFacts>;
  /** The next script of a model; undefined for a model that does not exist. */
  draw(model: string): Drawn | undefined;
  /** The model of a request that names none. */
  defaultModel: string | undefined;
}

/** The acts that answer one error reply outside of any script. */
export function errorOps(reply: ErrorReply, model = "", generationId?: string): Ops {
  const context = { model, promptTokens: 0, provider: "" };
  const { status, headers, text } = errorReply(reply, context, undefined, generationId);
  return [head(status, headers), ...(text === "" ? [] : [send(text)]), end];
}

const NO_BODY: ErrorReply = REQUEST_ERRORS["400-no-token"];

/** The acts that answer `POST /chat/completions`; notes in the entry what it decides. */
export function chatOps(backend: Backend, entry: SimulatedRequest, rawBody: string): Ops {
  const body = parsed(rawBody);
  entry.body = body ?? rawBody;
  const random = seeded(derive(backend.seed, `request ${entry.n}`));
  const created = EPOCH + entry.n;
  const id = `gen-${created}-${alphanumeric(random, 20)}`;
  if (body === undefined) return errorOps(NO_BODY);
  const refused = refusal(body);
  if (refused !== undefined) return errorOps(refused, "", id);

  const extra = (body.models as string[] | undefined) ?? [];
  const named = typeof body.model === "string" ? body.model : (extra[0] ?? backend.defaultModel);
  if (named === undefined) return errorOps(REQUEST_ERRORS["400-bad"], "", id);
  entry.model = named;
  entry.stream = body.stream === true;
  entry.generationId = id;
  const dead = keyFault(entry.key, backend.keys);
  if (dead !== undefined) return errorOps(dead, named, id);

  let ops: Ops = [];
  // The router tries `models` in turn while an attempt fails before its first token.
  for (const model of new Set([named, ...extra])) {
    const drawn = backend.draw(model);
    if (drawn === undefined) {
      ops = errorOps(REQUEST_ERRORS["400-model"], model, id);
      continue;
    }
    const { script, uses } = drawn;
    const facts = backend.facts[model];
    const occasion: Occasion = {
      n: entry.n,
      model,
      stream: entry.stream,
      body,
      promptTokens: Math.max(1, Math.ceil(rawBody.length / 4)),
      id,
      created,
      canonical: canonicalSlug(model, facts),
      price: priceOf(model, facts),
      random,
      script,
    };
    const plan = alteredPlan(planOf(occasion), script.fault);
    entry.script = script;
    entry.step = drawn.path;
    entry.servedModel = plan.model;
    entry.provider = plan.provider;
    entry.promptTokens = plan.usage.prompt_tokens as number;
    entry.completionTokens = plan.usage.completion_tokens as number;
    entry.finish = plan.finish;
    entry.cost = plan.usage.cost as number;
    ops = answerOps(plan, script.fault, uses);
    if (!beforeFirstToken(script.fault, uses)) break;
  }
  return ops;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The 400 of a request that OpenRouter itself does not take. */
function refusal(body: Record<string, unknown>): ErrorReply | undefined {
  const { messages, models, model } = body;
  if (messages === undefined) return REQUEST_ERRORS["400-bad"];
  if (!Array.isArray(messages)) return REQUEST_ERRORS["400-zod"];
  if (messages.length === 0) return NO_BODY;
  const bad = messages.findIndex((m) => typeof m !== "object" || m === null || typeof m.role !== "string");
  if (bad >= 0) return invalid(["messages", bad], "Invalid input");
  if (model !== undefined && typeof model !== "string") return invalid(["model"], "Expected string");
  if (models === undefined) return undefined;
  if (!Array.isArray(models) || models.some((m) => typeof m !== "string"))
    return invalid(["models"], "Expected array");
  return models.length > 3 ? REQUEST_ERRORS["400-models-array"] : undefined;
}

function invalid(path: (string | number)[], message: string): ErrorReply {
  const issues = JSON.stringify([{ code: "invalid_type", path, message }], null, 2);
  return { status: 400, body: { success: false, error: { name: "ZodError", message: issues } } };
}
