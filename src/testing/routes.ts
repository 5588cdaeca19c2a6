import { envelope, REQUEST_ERRORS } from "./bodies.js";
import { canonicalSlug, endpointsEntry, type ModelFacts, modelEntry } from "./catalogue.js";
import { type Backend, chatOps, errorOps } from "./chat.js";
import { keyEntry, rejection } from "./keys.js";
import type { SimulatedRequest } from "./log.js";
import { MODEL_ERRORS } from "./model-bodies.js";
import { end, head, type Ops, send } from "./ops.js";

const ROOT = "/api/v1";
const NOT_FOUND = MODEL_ERRORS["404-route"];

/** What the routes beside chat need to know. */
export interface Site extends Backend {
  /** Ids of all models, for `/models`. */
  models(): string[];
  /** The chat request of a generation. */
  generation(id: string): SimulatedRequest | undefined;
  /** Whether a key is asked for at all. */
  auth: boolean;
}

/** The acts that answer one request. */
export function routeOps(site: Site, entry: SimulatedRequest, rawBody: string): Ops {
  const [pathname = "", query = ""] = entry.path.split("?", 2);
  const route = pathname.startsWith(`${ROOT}/`) ? pathname.slice(ROOT.length) : "";
  const get = entry.method === "GET";
  if (get && route === "/models") return modelsOps(site);
  const endpoints = /^\/models\/([^/]+\/[^/]+)\/endpoints$/.exec(route);
  if (get && endpoints !== null) return endpointsOps(site, (endpoints[1] ?? "").replaceAll("%3A", ":"));

  const known =
    (get && ["/key", "/auth/key", "/credits", "/generation"].includes(route)) || isChat(entry, route);
  if (!known) return errorOps(NOT_FOUND);
  const refused = site.auth ? rejection(entry.key, site.keys) : undefined;
  if (refused !== undefined) return errorOps(refused);
  switch (route) {
    case "/chat/completions":
      return chatOps(site, entry, rawBody);
    case "/credits":
      return json({ data: { total_credits: 100.5, total_usage: 25.75 } });
    case "/generation":
      return generationOps(site, new URLSearchParams(query).get("id"));
    default: {
      const key = entry.key ?? "";
      return json({ data: keyEntry(key, site.keys?.[key]) });
    }
  }
}

function isChat(entry: SimulatedRequest, route: string): boolean {
  return entry.method === "POST" && route === "/chat/completions";
}

function json(value: unknown, more: Record<string, string> = {}): Ops {
  const text = JSON.stringify(value);
  const headers = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
    ...more,
    "Content-Length": String(Buffer.byteLength(text)),
  };
  return [head(200, headers), send(text), end];
}

function modelsOps(site: Site): Ops {
  const data = site.models().map((id) => modelEntry(id, site.facts[id]));
  return json(
    { data, total_count: data.length, links: { next: null } },
    { "Cache-Control": "public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600" },
  );
}

function endpointsOps(site: Site, id: string): Ops {
  if (!site.models().includes(id)) return errorOps(NOT_FOUND);
  const facts: ModelFacts | undefined = site.facts[id];
  return json({ data: endpointsEntry(id, facts) });
}

function generationOps(site: Site, id: string | null): Ops {
  if (id === null) return errorOps(REQUEST_ERRORS["400-bad"]);
  const entry = site.generation(id);
  if (entry?.servedModel === undefined) {
    return errorOps({ status: 404, body: envelope(`Generation ${id} not found`, 404, undefined, false) });
  }
  const started = entry.at;
  const ended = entry.closedAt ?? Date.now();
  const cut = entry.closedBy === "client";
  return json({
    data: {
      id,
      request_id: `req-${id.slice(4)}`,
      model: canonicalSlug(entry.model ?? "", site.facts[entry.model ?? ""]),
      provider_name: entry.provider,
      api_type: "completions",
      finish_reason: cut ? null : entry.finish,
      native_finish_reason: cut ? null : entry.finish,
      streamed: entry.stream,
      cancelled: cut,
      created_at: new Date(started).toISOString(),
      latency: (entry.firstTokenAt ?? ended) - started,
      generation_time: ended - (entry.firstTokenAt ?? ended),
      moderation_latency: null,
      tokens_prompt: entry.promptTokens,
      tokens_completion: entry.tokensSent,
      native_tokens_prompt: entry.promptTokens,
      native_tokens_completion: entry.tokensSent,
      native_tokens_reasoning: 0,
      native_tokens_cached: 0,
      total_cost: entry.cost,
      usage: entry.cost,
      upstream_inference_cost: entry.cost,
      cache_discount: null,
      is_byok: false,
      router: null,
      provider_responses: null,
    },
  });
}
