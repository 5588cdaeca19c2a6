import { createServer, type Server } from "node:http";
import type { AuditRecord, AuditSink, BreakerPhase } from "@aigne/open-router/chain";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const PHASES: Record<BreakerPhase, number> = { closed: 0, half_open: 1, open: 2 };
const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];

/** Counts what records say, under configured names only: what upstreams call themselves has no bound. */
export function prometheusAudit(registry: Registry): AuditSink {
  const base = { registers: [registry] };
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ ...base, name: `open_router_${name}_total`, help, labelNames });
  const seconds = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Histogram({ ...base, name: `open_router_${name}_seconds`, help, labelNames, buckets: SECONDS });

  const calls = counter("calls", "Calls by outcome, and who answered", ["outcome", "target", "model"]);
  const attempts = counter("attempts", "Requests sent", ["target", "model", "why", "outcome"]);
  const failures = counter("failures", "Attempts that failed", ["target", "model", "class"]);
  const failovers = counter("failovers", "Attempts made because another target failed", ["target", "model"]);
  const tokens = counter("tokens", "Tokens, of all attempts", ["target", "model", "type"]);
  const cost = counter("cost_usd", "US dollars, of all attempts", ["target", "model"]);
  const resilience = counter("resilience_usd", "US dollars, of attempts not won", ["target", "model"]);
  const duration = seconds("call_duration", "Whole calls", ["outcome"]);
  const first = seconds("first_content", "From an attempt's start to its first content", ["target", "model"]);
  const help = "0 closed, 1 half-open, 2 open";
  const breaker = new Gauge({ ...base, name: "open_router_breaker_state", help, labelNames: ["target"] });
  const changedAt = new Map<string, number>();

  const write = ({ answeredBy, breakers = [], durationMs, outcome, startedAt, ...record }: AuditRecord) => {
    calls.inc({ outcome, target: answeredBy?.target ?? "none", model: answeredBy?.requestedModel ?? "none" });
    duration.observe({ outcome }, durationMs / 1_000);
    for (const { target, model, why, usage, ...attempt } of record.attempts) {
      const names = { target, model };
      attempts.inc({ ...names, why, outcome: attempt.outcome });
      if (attempt.failure) failures.inc({ ...names, class: attempt.failure.class });
      if (why === "failover") failovers.inc(names);
      if (attempt.firstContentMs !== undefined) first.observe(names, attempt.firstContentMs / 1_000);
      tokens.inc({ ...names, type: "input" }, usage?.inputTokens ?? 0);
      tokens.inc({ ...names, type: "output" }, usage?.outputTokens ?? 0);
      cost.inc(names, attempt.cost?.usd ?? 0);
      resilience.inc(names, attempt.outcome === "won" ? 0 : (attempt.cost?.usd ?? 0));
      if (!changedAt.has(target)) breaker.set({ target }, PHASES.closed);
    }
    for (const { target, phase, atMs } of breakers) {
      // A record is written when its call ends, and a longer call tells of older changes.
      const at = Date.parse(startedAt) + atMs;
      if (at < (changedAt.get(target) ?? 0)) continue;
      changedAt.set(target, at);
      breaker.set({ target }, PHASES[phase]);
    }
  };
  return { write };
}

/** Serves GET /metrics, to this machine only unless told otherwise. */
export function serveMetrics(registry: Registry, port: number, host = "127.0.0.1"): Server {
  const server = createServer(({ url }, response) => {
    if (url !== "/metrics") return response.writeHead(404).end();
    registry.metrics().then(
      (text) => response.setHeader("content-type", registry.contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return server.listen(port, host);
}
