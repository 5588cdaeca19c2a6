import type { IncomingHttpHeaders } from "node:http";
import { ACCOUNT_ERRORS } from "./bodies.js";
import { HTTP_FAULTS, type HttpFaultName } from "./http-faults.js";

/** What is special about one API key. */
export interface KeyFacts {
  /** Every model request with this key gets this error, e.g. "401", "402", "403-key-limit", "429-daily". */
  fault?: HttpFaultName;
  /** USD; null is no limit. */
  limit?: number | null;
  /** USD spent. */
  usage?: number;
  freeTier?: boolean;
}

/** The key as sent, without `Bearer`. */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const match = /^bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? "");
  return match?.[1];
}

/** The error of a request without a key, or with one that is unknown where keys are named. */
export function rejection(key: string | undefined, keys: Record<string, KeyFacts> | undefined) {
  if (key === undefined) return ACCOUNT_ERRORS["401-no-cookie"];
  if (keys !== undefined && !Object.hasOwn(keys, key)) return ACCOUNT_ERRORS["401"];
  return undefined;
}

/** The error that a model request with this key gets. */
export function keyFault(key: string | undefined, keys: Record<string, KeyFacts> | undefined) {
  const fault = key === undefined ? undefined : keys?.[key]?.fault;
  return fault === undefined ? undefined : HTTP_FAULTS[fault];
}

/** `GET /key` */
export function keyEntry(key: string, facts: KeyFacts = {}): Record<string, unknown> {
  const usage = facts.usage ?? 25.5;
  const limit = facts.limit === undefined ? 100 : facts.limit;
  return {
    label: `${key.slice(0, 12)}...${key.slice(-3)}`,
    limit,
    limit_remaining: limit === null ? null : Math.max(0, limit - usage),
    limit_reset: limit === null ? null : "monthly",
    usage,
    usage_daily: usage,
    usage_weekly: usage,
    usage_monthly: usage,
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
    include_byok_in_limit: false,
    is_free_tier: facts.freeTier ?? false,
    is_management_key: false,
    is_provisioning_key: false,
    free_model_daily_requests: { used: 12, limit: 50, remaining: 38 },
    rate_limit: { requests: -1, interval: "10s", note: "This field is deprecated and safe to ignore." },
    expires_at: null,
    creator_user_id: "user_2yVdGxPq8mKcTnLw4RbHs9JfZa1",
    organization_id: null,
    workspace_id: null,
    allowed_data_regions: ["global"],
  };
}
