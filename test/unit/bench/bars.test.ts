import { describe, expect, it } from "vitest";
import { BARS, judged, LEEWAY } from "../../bench/bars.js";
import { Samples } from "../../bench/samples.js";
import { shortStages } from "../../bench/stages.js";

function samplesOf(values: Record<string, Record<string, Record<string, number[]>>>): Samples {
  return new Samples(values);
}

const named = (all: ReturnType<typeof judged>, name: string) => all.find(({ bar }) => bar.name === name);

describe("the bars", () => {
  const SUSTAINED = "sustained, OpenRouterChatModel : published";

  it("divide medians, not rounds", () => {
    const samples = samplesOf({
      // By rounds the ratios are 1, 0.1 and 0.01, whose median is 0.1.
      sustained: { model: { cpuUs: [1, 2, 1] }, published: { cpuUs: [1, 20, 100] } },
    });
    expect(named(judged(samples, "full"), SUSTAINED)).toMatchObject({ measured: 1 / 20, met: true });
  });

  it("are met at the limit and not above it", () => {
    const at = (cpuUs: number) =>
      named(
        judged(samplesOf({ sustained: { model: { cpuUs: [cpuUs] }, published: { cpuUs: [10] } } }), "full"),
        SUSTAINED,
      )?.met;
    expect([at(2), at(2.01)]).toEqual([true, false]);
  });

  it("guard what was reached where it is more, and name no other", () => {
    const names = BARS.flatMap(({ name, reached }) => (reached === undefined ? [] : [name]));
    expect(names.length).toBeGreaterThan(0);
    for (const { limit, reached = limit } of BARS) expect(reached).toBeGreaterThanOrEqual(limit);
    const paced = "paced, OpenRouterChatModel : floor";
    const at = (cpuUs: number, form: "short" | "full") =>
      named(
        judged(samplesOf({ paced: { model: { cpuUs: [cpuUs] }, floor: { cpuUs: [1] } } }), form, 1),
        paced,
      )?.met;
    expect([at(1.15, "full"), at(1.2, "full"), at(1.6, "short"), at(1.7, "short")]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it("have leeway in the short form, up to 30 % over", () => {
    const at = (cpuUs: number) =>
      named(
        judged(
          samplesOf({ sustained: { model: { cpuUs: [cpuUs] }, openai: { cpuUs: [10] } } }),
          "short",
          LEEWAY,
        ),
        "sustained, OpenRouterChatModel : bare openai SDK",
      )?.met;
    expect([at(4.54), at(4.56)]).toEqual([true, false]);
  });

  it("are not met by what was not measured", () => {
    const all = judged(new Samples(), "short", LEEWAY);
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter(({ met }) => met)).toEqual([]);
    expect(all.every(({ measured }) => measured === undefined)).toBe(true);
  });

  it("take the chain's own work as what it costs beyond the provider alone", () => {
    const samples = samplesOf({ "short-64": { chain: { cpuUs: [340] }, provider: { cpuUs: [250] } } });
    const found = judged(samples, "full").find(({ bar }) => bar.unit === "µs");
    expect(found).toMatchObject({ measured: 90, met: true });
  });

  it("have no absolute times in the short form", () => {
    const short = BARS.filter(({ forms }) => forms.includes("short"));
    expect(short.map(({ unit }) => unit).filter((unit) => unit !== "ratio")).toEqual([]);
  });

  it("have names of their own", () => {
    const names = BARS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("are all measured by the short form's own stages", () => {
    const samples = new Samples();
    const metrics = { cpuUs: 1, firstMs: 1, ms: 1 };
    for (const { tasks } of shortStages({ port: 1, rounds: 1 }))
      for (const { contestant, measures } of tasks)
        samples.add(contestant, Object.fromEntries(measures.map((measure) => [measure, metrics])));
    const missing = judged(samples, "short").filter(({ measured }) => measured === undefined);
    expect(missing.map(({ bar }) => bar.name)).toEqual([]);
  });
});
