import type { AuditRecord, AuditSink } from "@aigne/open-router/chain";

/** A Pool or Client of `pg`, a PGlite, or what is like them. */
interface Database {
  query(text: string, values: unknown[]): Promise<unknown>;
}

const MAX_WAITING = 1_000;

const INSERT = `
  INSERT INTO model_calls (call_id, started_at, duration_ms, outcome, target, requested_model, model,
    input_tokens, output_tokens, cost_usd, labels, record)
  SELECT (r->>'callId')::uuid, (r->>'startedAt')::timestamptz, (r->>'durationMs')::double precision, r->>'outcome',
    r->'answeredBy'->>'target', r->'answeredBy'->>'requestedModel', r->'answeredBy'->>'model',
    (r->'usage'->>'inputTokens')::bigint, (r->'usage'->>'outputTokens')::bigint,
    (r->'cost'->>'usd')::numeric, r->'labels', r
  FROM jsonb_array_elements($1::jsonb) AS r
  ON CONFLICT (call_id) DO NOTHING`;

/** Writes each record as a row. Records that come while the database is busy go together in the next statement. */
export function postgresAudit(database: Database): AuditSink {
  let waiting: AuditRecord[] = [];
  let next: Promise<unknown> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const insert = () => {
    const records = waiting;
    waiting = [];
    next = undefined;
    return database.query(INSERT, [JSON.stringify(records, storable)]);
  };
  return {
    async write(record) {
      if (waiting.length >= MAX_WAITING)
        throw new Error(`the database is behind, ${record.callId} is left out`);
      waiting.push(record);
      next ??= last.catch(() => {}).then(insert);
      last = next;
      await next;
    },
    async flush() {
      await last;
    },
  };
}

/** Postgres takes neither NUL nor half a surrogate pair. */
function storable(_key: string, value: unknown) {
  return typeof value === "string" ? value.replace(/\0|\p{Surrogate}/gu, "\uFFFD") : value;
}
