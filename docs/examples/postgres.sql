-- One row per call, for postgres.ts. May be run again.

CREATE TABLE IF NOT EXISTS model_calls (
  call_id         uuid PRIMARY KEY,
  started_at      timestamptz NOT NULL,
  duration_ms     double precision NOT NULL,
  outcome         text NOT NULL,
  -- Who answered: as configured, as asked for, as it named itself. Null without an answer.
  target          text,
  requested_model text,
  model           text,
  input_tokens    bigint,
  output_tokens   bigint,
  -- Of the whole call, failed and cancelled attempts included.
  cost_usd        numeric,
  labels          jsonb NOT NULL,
  record          jsonb NOT NULL
);

CREATE INDEX IF NOT EXISTS model_calls_by_time ON model_calls (started_at);
CREATE INDEX IF NOT EXISTS model_calls_by_target ON model_calls (target, started_at);
CREATE INDEX IF NOT EXISTS model_calls_by_label ON model_calls USING gin (labels);

-- One row per request that left.
CREATE OR REPLACE VIEW model_attempts AS
SELECT
  call_id,
  (attempt->>'n')::int AS n,
  attempt->>'target' AS target,
  attempt->>'model' AS model,
  attempt->>'why' AS why,
  attempt->>'outcome' AS outcome,
  attempt->'failure'->>'class' AS failure,
  (attempt->>'startedAt')::timestamptz AS started_at,
  (attempt->>'firstContentMs')::double precision AS first_content_ms,
  (attempt->>'durationMs')::double precision AS duration_ms,
  (attempt->'cost'->>'usd')::numeric AS cost_usd
FROM model_calls, jsonb_array_elements(record->'attempts') AS attempt;
