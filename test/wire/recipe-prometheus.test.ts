import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { prometheusAudit, serveMetrics } from "../../docs/examples/prometheus.js";
import { type AuditRecord, FallbackChain, memoryAudit, openRouter } from "../../src/chain.js";
import { startSimulator } from "../../src/testing/index.js";
import { ask } from "../support/chain.js";
import { type Sample, samplesOf, sumOf } from "../support/metrics-text.js";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

async function scrape(registry: Registry): Promise<Sample[]> {
  const server = serveMetrics(registry, 0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    return samplesOf(await response.text());
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function recordOf(startedAt: string, breakers: { target: string; phase: string; atMs: number }[]) {
  const record = { startedAt, durationMs: 1, outcome: "ok", attempts: [{ target: "a/one", model: "a/one" }] };
  return { ...record, breakers } as unknown as AuditRecord;
}

describe("the Prometheus recipe", () => {
  it("counts over HTTP what the records say, under configured names only", async () => {
    const usage = { promptTokens: 100, completionTokens: 7, cost: 0.002 };
    const simulator = await startSimulator({
      models: {
        "a/one": [
          { fault: "503", times: 2 },
          { text: "One.", model: "upstream-name-1", usage },
          { fault: "cut", at: 3, times: 2 },
          { fault: "400-bad" },
        ],
        "b/two": { text: "Two.", model: "upstream-name-2", usage },
      },
      catalogue: { "a/one": { promptPrice: 0.00001, completionPrice: 0.00002 } },
    });
    const registry = new Registry();
    const audit = memoryAudit();
    const chain = new FallbackChain({
      targets: ["a/one", { model: "b/two", id: "second" }],
      provider: openRouter({ apiKey: "any", baseURL: simulator.baseURL }),
      retry: { server_error: { retries: 0 }, overloaded: { retries: 0 } },
      catalogue: { refreshMs: 60_000 },
      audit: [audit, prometheusAudit(registry)],
      breaker: false,
      logger: false,
    });
    await chain.catalogueLoaded();
    for (let call = 0; call < 6; call++) await chain.complete(ask).catch(() => {});
    await chain.close();
    await simulator.close();
    const samples = await scrape(registry);

    const { records } = audit;
    const attempts = records.flatMap((record) => record.attempts);
    const usd = (of: typeof attempts) => of.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0);
    const count = (name: string, labels?: Record<string, string>) =>
      sumOf(samples, `open_router_${name}`, labels);
    // Or else the comparison below is of nothing.
    expect(records.map(({ outcome }) => outcome).sort()).toEqual(["failed", "ok", "ok", "ok", "ok", "ok"]);
    expect(attempts.filter(({ why }) => why === "failover")).toHaveLength(4);

    for (const outcome of ["ok", "failed", "aborted"] as const) {
      const ended = records.filter((record) => record.outcome === outcome);
      expect(count("calls_total", { outcome })).toBe(ended.length);
      expect(count("call_duration_seconds_count", { outcome })).toBe(ended.length);
      const seconds = ended.reduce((sum, { durationMs }) => sum + durationMs / 1_000, 0);
      expect(count("call_duration_seconds_sum", { outcome })).toBeCloseTo(seconds, 9);
    }
    expect(count("calls_total", { target: "none" })).toBe(1);
    for (const [target, model] of [
      ["a/one", "a/one"],
      ["second", "b/two"],
    ] as const) {
      const own = attempts.filter((attempt) => attempt.target === target);
      const begun = own.filter(({ firstContentMs }) => firstContentMs !== undefined);
      const failed = own.filter(({ failure }) => failure);
      const names = { target, model };
      const answered = records.filter(({ answeredBy }) => answeredBy?.target === target);
      expect(count("calls_total", names)).toBe(answered.length);
      expect(count("attempts_total", names)).toBe(own.length);
      expect(count("attempts_total", { ...names, outcome: "won" })).toBe(answered.length);
      expect(count("failures_total", names)).toBe(failed.length);
      expect(count("failovers_total", names)).toBe(own.filter(({ why }) => why === "failover").length);
      expect(count("first_content_seconds_count", names)).toBe(begun.length);
      const seconds = begun.reduce((sum, { firstContentMs = 0 }) => sum + firstContentMs / 1_000, 0);
      expect(count("first_content_seconds_sum", names)).toBeCloseTo(seconds, 9);
      for (const [type, key] of [
        ["input", "inputTokens"],
        ["output", "outputTokens"],
      ] as const)
        expect(count("tokens_total", { ...names, type })).toBe(
          own.reduce((sum, each) => sum + (each.usage?.[key] ?? 0), 0),
        );
      expect(count("cost_usd_total", names)).toBeCloseTo(usd(own), 12);
      const lost = own.filter(({ outcome }) => outcome !== "won");
      expect(count("resilience_usd_total", names)).toBeCloseTo(usd(lost), 12);
    }
    expect(count("resilience_usd_total")).toBeGreaterThan(0);
    for (const { failure } of attempts)
      if (failure) expect(count("failures_total", { class: failure.class })).toBeGreaterThan(0);
    expect(samples.filter(({ labels }) => JSON.stringify(labels).includes("upstream"))).toEqual([]);
  });

  it("shows the breaker as it was last, whichever record comes last", async () => {
    const registry = new Registry();
    const { write } = prometheusAudit(registry);
    const state = async () => sumOf(await scrape(registry), "open_router_breaker_state", { target: "a/one" });
    await write(recordOf("2026-11-25T09:00:00.000Z", []));
    expect(await state()).toBe(0);
    await write(
      recordOf("2026-11-25T09:00:10.000Z", [
        { target: "a/one", phase: "half_open", atMs: 5 },
        { target: "a/one", phase: "open", atMs: 900 },
      ]),
    );
    expect(await state()).toBe(2);
    await write(recordOf("2026-11-25T09:00:02.000Z", [{ target: "a/one", phase: "closed", atMs: 8_500 }]));
    expect(await state()).toBe(2);
    await write(recordOf("2026-11-25T09:00:02.000Z", [{ target: "a/one", phase: "half_open", atMs: 9_500 }]));
    expect(await state()).toBe(1);
  });
});

interface Panel {
  id: number;
  title: string;
  datasource: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { refId: string; expr: string; legendFormat: string; datasource: { uid: string } }[];
}

describe("the Grafana recipe", async () => {
  const dashboard = JSON.parse(await read("docs/examples/grafana-dashboard.json"));
  const panels: Panel[] = dashboard.panels;
  const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const registry = new Registry();
  prometheusAudit(registry);
  const metrics = registry.getMetricsAsArray() as unknown as {
    name: string;
    type: string;
    labelNames: string[];
  }[];
  /** As a query may name them. */
  const series = new Map<string, string[]>();
  for (const { name, type, labelNames } of metrics) {
    if (type !== "histogram") series.set(name, labelNames);
    else for (const part of ["bucket", "sum", "count"]) series.set(`${name}_${part}`, [...labelNames, "le"]);
  }

  it("asks for what the Prometheus recipe exports, and for all of it", () => {
    const asked = new Set(exprs.flatMap((expr) => expr.match(/\bopen_router_\w+/g) ?? []));
    expect([...asked].filter((name) => !series.has(name))).toEqual([]);
    const used = metrics.filter(({ name }) => asked.has(name) || asked.has(`${name}_bucket`));
    expect(metrics.filter((each) => !used.includes(each)).map(({ name }) => name)).toEqual([]);
  });

  it("is explained by a page that lists each metric with its labels", async () => {
    const table = (await read("docs/recipes.md"))
      .split("\n")
      .filter((line) => line.startsWith("| `open_router_"));
    for (const { name, labelNames } of metrics) {
      const [line] = table.filter((each) => each.includes(`\`${name}\``));
      expect(labelNames.filter((label) => !line?.includes(`\`${label}\``))).toEqual([]);
    }
    expect(table.flatMap((line) => line.match(/open_router_\w+/g))).toHaveLength(metrics.length);
  });

  it("groups, selects and shows by labels that those metrics have", () => {
    for (const { title, targets } of panels)
      for (const { expr, legendFormat } of targets) {
        const known = (expr.match(/\bopen_router_\w+/g) ?? []).map((name) => series.get(name) ?? []);
        const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = ""]) => names.split(", "));
        const selected = [...expr.matchAll(/(\w+)=~?"/g)].map(([, name]) => name as string);
        for (const label of [...grouped, ...selected])
          expect(
            known.some((labels) => labels.includes(label)),
            `${title}: ${label}`,
          ).toBe(true);
        const shown = [...legendFormat.matchAll(/{{(\w+)}}/g)].map(([, name]) => name as string);
        expect(shown.filter((label) => !grouped.includes(label))).toEqual([]);
      }
  });

  it("takes its data source from a variable, everywhere", () => {
    expect(dashboard.templating.list).toMatchObject([
      { name: "datasource", type: "datasource", query: "prometheus" },
    ]);
    const uids = panels.flatMap((panel) => [panel, ...panel.targets]).map((each) => each.datasource.uid);
    expect([...new Set(uids)]).toEqual(["$" + "{datasource}"]);
  });

  it("has panels of their own ids, side by side", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => [x + (i % w), y + Math.floor(i / w)] as const),
    );
    expect(cells.filter(([x]) => x >= 24)).toEqual([]);
    expect(new Set(cells.map(String)).size).toBe(cells.length);
    for (const { targets } of panels)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  });
});
