import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCatalogue } from "../../../src/catalogue/parse.js";
import type { ModelFacts } from "../../../src/model-facts.js";
import { modelEntry } from "../../../src/testing/catalogue.js";

const body = (...data: unknown[]) =>
  JSON.stringify({ data, total_count: data.length, links: { next: null } });
const facts = (entry: object): ModelFacts | undefined =>
  parseCatalogue(body({ id: "a/b", ...entry }))?.get("a/b");
const priceOf = (pricing: unknown) => facts({ pricing })?.price;

describe("parseCatalogue", () => {
  it("reads a model as OpenRouter describes it", () => {
    const gpt4 = {
      id: "openai/gpt-4",
      canonical_slug: "openai/gpt-4-0613",
      context_length: 8192,
      architecture: { modality: "text->text", input_modalities: ["text"], output_modalities: ["text"] },
      pricing: { prompt: "0.00003", completion: "0.00006", request: "0", image: "0" },
      top_provider: { context_length: 8191, max_completion_tokens: 4096, is_moderated: true },
      supported_parameters: ["temperature", "max_tokens", "tools"],
    };
    const expected: ModelFacts = {
      contextWindow: 8191,
      maxOutputTokens: 4096,
      price: { input: 30, output: 60, request: 0, image: 0 },
      tools: true,
      jsonSchema: false,
      imageInput: false,
    };
    const models = parseCatalogue(body(gpt4));
    expect(models?.get("openai/gpt-4")).toEqual(expected);
    expect(models?.get("openai/gpt-4-0613")).toEqual(expected);
    expect(models?.size).toBe(2);
  });

  it("reads what the simulator lists", () => {
    expect(
      parseCatalogue(body(modelEntry("a/b", { promptPrice: 0.0000025, inputModalities: ["image"] }))),
    ).toEqual(
      new Map(
        ["a/b", "a/b-2025-08-07"].map((id) => [
          id,
          {
            contextWindow: 128_000,
            maxOutputTokens: 16_384,
            price: { input: 2.5, output: 25, request: 0, image: 0 },
            tools: true,
            jsonSchema: true,
            imageInput: true,
          },
        ]),
      ),
    );
  });

  it.each<[string, object, ModelFacts]>([
    [
      "the smaller window",
      { context_length: 1_048_576, top_provider: { context_length: 262_000 } },
      { contextWindow: 262_000 },
    ],
    [
      "the only window",
      { context_length: null, top_provider: { context_length: 262_000 } },
      { contextWindow: 262_000 },
    ],
    ["no window", { context_length: null, top_provider: null }, {}],
    ["no sensible window", { context_length: -1, top_provider: { context_length: "8192" } }, {}],
    ["a window of 0", { context_length: 0, top_provider: { max_completion_tokens: 0 } }, {}],
    ["a window too large to be one", { context_length: 1e300 }, {}],
    ["parameters", { supported_parameters: ["structured_outputs"] }, { tools: false, jsonSchema: true }],
    ["empty parameters, which say nothing", { supported_parameters: [] }, {}],
    ["parameters that are none", { supported_parameters: "tools" }, {}],
    ["parameters of a wrong type", { supported_parameters: [1, null] }, {}],
    ["modalities", { architecture: { input_modalities: ["text", "image"] } }, { imageInput: true }],
    ["empty modalities, which say nothing", { architecture: { input_modalities: [] } }, {}],
    ["an architecture that is none", { architecture: "text+image->text" }, {}],
  ])("reads %s", (_, entry, expected) => expect(facts(entry)).toEqual(expected));

  it.each<[string, unknown, object | undefined]>([
    [
      "USD per token as USD per million",
      { prompt: "0.0000025", completion: "0.00001" },
      { input: 2.5, output: 10 },
    ],
    [
      "numbers, exponents and no zero before the point",
      { prompt: 1e-7, completion: ".5e-6" },
      { input: 0.1, output: 0.5 },
    ],
    ["free as free", { prompt: "0", completion: "0" }, { input: 0, output: 0 }],
    [
      "those of caches, requests and images",
      {
        prompt: "0.000003",
        completion: "0.000015",
        input_cache_read: "0.0000003",
        input_cache_write: "0.00000375",
        request: "0.005",
        image: "0.0048",
      },
      { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, request: 0.005, image: 0.0048 },
    ],
    ["a price on application as unknown", { prompt: "-1", completion: "-1" }, undefined],
    ["half a price as unknown", { prompt: "0.000003" }, undefined],
    ["an absurd price as unknown", { prompt: "1.1", completion: "0.00001" }, undefined],
    ["an endless price as unknown", { prompt: "1e400", completion: "0.00001" }, undefined],
    ["a price that is none", "free", undefined],
    ["texts that are no numbers as unknown", { prompt: "", completion: "0x1" }, undefined],
    ["blanks as unknown", { prompt: " ", completion: "0" }, undefined],
    ["truth as unknown", { prompt: true, completion: [] }, undefined],
    [
      "a bad price of a cache as unknown",
      { prompt: "0.000001", completion: "0.000001", input_cache_read: "-1", request: "1e9" },
      { input: 1, output: 1 },
    ],
  ])("reads %s", (_, pricing, expected) => expect(priceOf(pricing)).toEqual(expected));

  it("reads overrides as tiers, in their order", () => {
    const base = { prompt: "0.0000025", completion: "0.00001" };
    const overrides = [
      { min_prompt_tokens: 200_000, prompt: "0.000005", completion: "0.00002", input_cache_read: "-1" },
      { min_prompt_tokens: 100_000, completion: "0.000015", audio: "0.000001" },
      { utc_start: "00:00", utc_end: "08:00", prompt: "0.000001" },
      { min_prompt_tokens: 1, utc_start: "00:00", utc_end: "08:00", prompt: "0.000001" },
      { min_prompt_tokens: 1, max_completion_tokens: 5, prompt: "0.000001" },
      { min_prompt_tokens: "1", prompt: "0.000001" },
      { min_prompt_tokens: -1, prompt: "0.000001" },
      null,
      "override",
    ];
    expect(priceOf({ ...base, overrides })).toEqual({
      input: 2.5,
      output: 10,
      tiers: [
        { minInputTokens: 200_000, input: 5, output: 20 },
        { minInputTokens: 100_000, output: 15 },
      ],
    });
    expect(priceOf({ ...base, overrides: {} })).toEqual({ input: 2.5, output: 10 });
    expect(priceOf({ ...base, overrides: Array(1_000).fill(overrides[0]) })?.tiers).toHaveLength(32);
  });

  it("does not give a model the price of its free variant", () => {
    const entry = (id: string, prompt: string, canonical_slug = "qwen/qwen3-coder-480b-a35b-07-25") => ({
      id,
      canonical_slug,
      pricing: { prompt, completion: prompt },
    });
    const models = parseCatalogue(
      body(
        entry("qwen/qwen3-coder:free", "0"),
        entry("qwen/qwen3-coder", "0.000001"),
        entry("q/r:free", "0", "q/r-1:free"),
      ),
    );
    expect([...(models ?? [])].map(([id, { price }]) => [id, price?.input])).toEqual([
      ["qwen/qwen3-coder:free", 0],
      ["qwen/qwen3-coder", 1],
      ["q/r:free", 0],
      ["qwen/qwen3-coder-480b-a35b-07-25:free", 0],
      ["qwen/qwen3-coder-480b-a35b-07-25", 1],
      ["q/r-1:free", 0],
    ]);
  });

  it("takes an id for more than a slug, and the first of two for more than the second", () => {
    const models = parseCatalogue(
      body(
        { id: "a/new", canonical_slug: "a/old", context_length: 1 },
        { id: "a/old", context_length: 2 },
        { id: "a/old", context_length: 3 },
        { id: "a/other", canonical_slug: "a/old", context_length: 4 },
      ),
    );
    expect(models?.get("a/old")).toEqual({ contextWindow: 2 });
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["no JSON", "<html>"],
    ["null", "null"],
    ["a list", "[]"],
    ["an error", `{"error":{"code":500,"message":"x"}}`],
    ["no list", `{"data":{"id":"a/b"}}`],
    ["an empty list", `{"data":[]}`],
    ["a list without a model", `{"data":[null,1,"a/b",[],{},{"id":""},{"id":7}]}`],
    ["a list in a prototype", `{"__proto__":{"data":[{"id":"a/b"}]}}`],
  ])("takes %s for no list", (_, text) => expect(parseCatalogue(text)).toBeUndefined());

  it("knows no model by the name of a prototype's key, and reads none of its fields", () => {
    const models = parseCatalogue(
      `{"data":[{"id":"a/b","__proto__":{"context_length":5}},{"id":"__proto__","context_length":7}]}`,
    );
    expect(models?.get("a/b")).toEqual({});
    expect(models?.get("__proto__")).toEqual({ contextWindow: 7 });
    expect(models?.get("constructor")).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("reads no more than 100,000 models", () => {
    const many = Array.from({ length: 100_001 }, (_, i) => ({ id: `m/${i}` }));
    expect(parseCatalogue(body(...many))?.size).toBe(100_000);
  });

  it("never throws, and gives nothing but numbers of its range, whatever JSON it gets", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("-1", "0.000001", 1e308, -1, null, "1e999"));
    const price = fc.dictionary(
      fc.constantFrom("prompt", "completion", "input_cache_read", "request", "min_prompt_tokens"),
      value,
    );
    const model = fc.record(
      {
        id: fc.oneof(fc.constantFrom("a/b", "a/b:free", "__proto__"), value),
        canonical_slug: value,
        context_length: value,
        top_provider: fc.oneof(value, fc.record({ context_length: value, max_completion_tokens: value })),
        architecture: fc.oneof(value, fc.record({ input_modalities: value })),
        supported_parameters: value,
        pricing: fc.oneof(
          value,
          price,
          fc.tuple(price, fc.array(price)).map(([base, overrides]) => ({ ...base, overrides })),
        ),
      },
      { requiredKeys: [] },
    );
    const list = fc.oneof(value, fc.record({ data: fc.oneof(value, fc.array(fc.oneof(model, value))) }));
    const text = fc.oneof(
      list.map((each) => JSON.stringify(each)),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (each) => {
        for (const { contextWindow, maxOutputTokens, price } of parseCatalogue(each)?.values() ?? []) {
          for (const count of [contextWindow, maxOutputTokens]) {
            if (count !== undefined) expect(Number.isSafeInteger(count) && count > 0).toBe(true);
          }
          const { tiers = [], ...rates } = price ?? {};
          for (const { minInputTokens, ...more } of [{ minInputTokens: 0, ...rates }, ...tiers]) {
            expect(minInputTokens).toBeGreaterThanOrEqual(0);
            for (const rate of Object.values(more)) expect(rate >= 0 && rate <= 1e6).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
