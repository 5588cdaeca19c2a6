import { quoted } from "./duckdb.js";

const USAGE = `STRUCT(inputTokens BIGINT, outputTokens BIGINT, cacheReadInputTokens BIGINT,
  cacheCreationInputTokens BIGINT, reasoningTokens BIGINT)`;
const COST = "STRUCT(usd DOUBLE, estimated BOOLEAN)";
const FAILURE = `STRUCT(class VARCHAR, scope VARCHAR, message VARCHAR, status INTEGER, code VARCHAR, retryAfterMs DOUBLE,
  requestId VARCHAR, phase VARCHAR)`;
const ATTEMPT = `STRUCT(n INTEGER, target VARCHAR, model VARCHAR, provider VARCHAR, why VARCHAR, startedAt TIMESTAMP,
  headersMs DOUBLE, firstContentMs DOUBLE, durationMs DOUBLE, outcome VARCHAR, failure ${FAILURE}, verdict VARCHAR,
  waitMs DOUBLE, usage ${USAGE}, cost ${COST}, servedModel VARCHAR, servedBy VARCHAR, generationId VARCHAR)`;

/** A record as DuckDB is to read it. Said, not inferred: an empty journal has the same columns, and an odd value is NULL. */
const RECORD = `STRUCT(startedAt TIMESTAMP, durationMs DOUBLE, strategy VARCHAR, streamed BOOLEAN,
  labels MAP(VARCHAR, VARCHAR), caller STRUCT(contextId VARCHAR, userId VARCHAR, sessionId VARCHAR),
  answeredBy STRUCT(target VARCHAR, model VARCHAR, requestedModel VARCHAR, provider VARCHAR, servedBy VARCHAR,
    generationId VARCHAR, attempt INTEGER),
  attempts ${ATTEMPT}[], skipped STRUCT(target VARCHAR, model VARCHAR, reason VARCHAR, detail JSON)[],
  usage ${USAGE}, cost ${COST}, recovery STRUCT(mode VARCHAR, count INTEGER),
  error STRUCT(code VARCHAR, class VARCHAR), requestDigest VARCHAR,
  breakers STRUCT(target VARCHAR, phase VARCHAR, atMs DOUBLE)[])`;

const LINE = {
  seq: "BIGINT",
  ts: "TIMESTAMP",
  mono: "DOUBLE",
  chainId: "VARCHAR",
  event: "VARCHAR",
  callId: "VARCHAR",
  outcome: "VARCHAR",
  record: RECORD,
};

/** Of a line in bytes; the journal's own reader takes no longer ones either. */
const MAX_LINE_BYTES = 64 << 20;

const tokens = (usage: string) => `
  ${usage}.inputTokens AS input_tokens, ${usage}.outputTokens AS output_tokens,
  ${usage}.cacheReadInputTokens AS cache_read_input_tokens,
  ${usage}.cacheCreationInputTokens AS cache_creation_input_tokens, ${usage}.reasoningTokens AS reasoning_tokens`;

const CALLS = `
  SELECT callId AS call_id, record.startedAt AS started_at, ts AS ended_at, record.durationMs AS duration_ms, outcome,
    record.strategy AS strategy, record.streamed AS streamed, record.labels AS labels,
    record.caller.contextId AS context_id, record.caller.userId AS user_id, record.caller.sessionId AS session_id,
    record.answeredBy.target AS answered_target, record.answeredBy.model AS answered_model,
    record.answeredBy.requestedModel AS requested_model, record.answeredBy.provider AS provider,
    record.answeredBy.servedBy AS served_by, record.answeredBy.generationId AS generation_id,
    record.answeredBy.attempt AS answered_attempt,
    len(record.attempts) AS attempts,
    len(list_filter(record.attempts, lambda a: a.outcome = 'failed')) AS failed_attempts,
    list_unique(list_transform(record.attempts, lambda a: a.target)) AS targets_asked,
    len(record.skipped) AS skips, ${tokens("record.usage")},
    record.cost.usd AS cost_usd, record.cost.estimated AS cost_estimated,
    record.recovery.mode AS recovery_mode, record.recovery.count AS recoveries,
    record.error.code AS error_code, record.error.class AS error_class,
    record.requestDigest AS request_digest, chainId AS chain_id, seq
  FROM ends`;

const EACH = "call_id, call_started_at, labels";
const unnested = (list: string) => `(
    SELECT callId AS call_id, record.startedAt AS call_started_at, record.labels AS labels, outcome AS call_outcome,
      unnest(record.${list}) AS item, generate_subscripts(record.${list}, 1) AS position
    FROM ends)`;

const ATTEMPTS = `
  SELECT ${EACH}, call_outcome, item.n AS n, item.target AS target, item.model AS model, item.provider AS provider,
    item.why AS why, item.startedAt AS started_at, item.headersMs AS headers_ms,
    item.firstContentMs AS first_content_ms, item.durationMs AS duration_ms, item.outcome AS outcome,
    item.failure.class AS failure_class, item.failure.scope AS failure_scope, item.failure.status AS failure_status,
    item.failure.code AS failure_code, item.failure.phase AS failure_phase, item.failure.message AS failure_message,
    item.failure.retryAfterMs AS retry_after_ms, item.failure.requestId AS request_id, item.verdict AS verdict,
    item.waitMs AS wait_ms, ${tokens("item.usage")}, item.cost.usd AS cost_usd,
    item.cost.estimated AS cost_estimated, item.servedModel AS served_model, item.servedBy AS served_by,
    item.generationId AS generation_id
  FROM ${unnested("attempts")}`;

const SKIPS = `
  SELECT ${EACH}, call_outcome, position, item.target AS target, item.model AS model, item.reason AS reason,
    item.detail AS detail
  FROM ${unnested("skipped")}`;

const BREAKERS = `
  SELECT ${EACH}, item.target AS target, item.phase AS phase,
    TRY(call_started_at + to_microseconds(CAST(item.atMs * 1000 AS BIGINT))) AS changed_at
  FROM ${unnested("breakers")}`;

/** What can be asked for, by name, with what it holds. */
export const VIEWS = {
  calls: { rows: "one row per call that ended, or whose process died (outcome unknown)", sql: CALLS },
  attempts: { rows: "one row per request to a model", sql: ATTEMPTS },
  skips: { rows: "one row per target that was passed over", sql: SKIPS },
  breakers: { rows: "one row per change of a breaker", sql: BREAKERS },
  entries: { rows: "one row per line of the journal, as it stands there", sql: "SELECT * FROM lines" },
} as const;

/** Statements that make the views over these files. A line that is torn or no JSON is not there. */
export function schemaOf(files: readonly string[]): string[] {
  const list = `[${files.map(quoted).join(", ")}]`;
  const columns = Object.entries(LINE).map(([name, type]) => `${name}: ${quoted(type)}`);
  // A folder named `outcome=ok` would otherwise say what the column holds.
  const options = `ignore_errors = true, hive_partitioning = false, maximum_object_size = ${MAX_LINE_BYTES}`;
  const text = (key: string) => `json_extract_string(json, '$.${key}')`;
  return [
    // A writer that no longer trusts a segment writes its lines once more in the next.
    `CREATE VIEW ends AS
      SELECT * FROM read_json(${list}, format = 'newline_delimited', columns = {${columns.join(", ")}}, ${options})
      WHERE event = 'request.end'
      QUALIFY row_number() OVER (PARTITION BY callId ORDER BY seq) = 1`,
    `CREATE VIEW lines AS
      SELECT ${text("chainId")} AS chain_id, TRY_CAST(${text("seq")} AS BIGINT) AS seq,
        TRY_CAST(${text("ts")} AS TIMESTAMP) AS ts, TRY_CAST(${text("mono")} AS DOUBLE) AS mono,
        ${text("event")} AS event, ${text("callId")} AS call_id,
        parse_filename(filename) AS file, json AS line
      FROM read_ndjson_objects(${list}, filename = true, ${options})
      WHERE json IS NOT NULL`,
    ...Object.entries(VIEWS).map(([name, { sql }]) => `CREATE VIEW ${name} AS ${sql}`),
  ];
}
