import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChunkDecoder } from "../../../src/providers/chunk.js";
import { parse } from "../../../src/providers/json.js";
import { TextTemplate } from "../../../src/providers/text-template.js";
import type { ProviderPart } from "../../../src/types.js";

type Event = { [key: string]: unknown };

const event = (content: unknown, more: object = {}, delta: object = {}): Event => ({
  id: "gen-1",
  provider: "P",
  model: "vendor/model",
  choices: [{ index: 0, delta: { role: "assistant", content, ...delta }, finish_reason: null }],
  ...more,
});

const contentOf = (value: unknown) => {
  const { choices } = value as { choices: { delta: { content: string } }[] };
  return choices[0]?.delta.content;
};

function template(first: Event) {
  const made = new TextTemplate(contentOf);
  made.learn(JSON.stringify(first), contentOf(first) as string);
  return made;
}

describe("a template", () => {
  test("knows nothing before it has learnt", () => {
    expect(new TextTemplate(contentOf).text(JSON.stringify(event("a")))).toBeUndefined();
  });

  test("tells the text of an event that differs in nothing else", () => {
    const made = template(event("one"));
    for (const text of ["two", " three", "vier und fünf", "五", "\u007f", "{}[]:,", "x".repeat(100_000)])
      expect(made.text(JSON.stringify(event(text)))).toBe(text);
  });

  test.each([
    ["a quote", event('say "a"')],
    ["a backslash", event("a\\b")],
    ["a line feed", event("a\nb")],
    ["no text", event("")],
    ["no content", event(null)],
    ["another model", event("two", { model: "vendor/other" })],
    ["one field more", event("two", { error: { code: 502 } })],
    ["a finish reason", { ...event("two"), choices: [{ delta: { content: "two" }, finish_reason: "stop" }] }],
  ])("leaves to the parser an event with %s", (_, other) => {
    expect(template(event("one")).text(JSON.stringify(other))).toBeUndefined();
  });

  test("leaves to the parser what only begins and ends as an event", () => {
    const made = template(event("one"));
    const [before, after] = JSON.stringify(event("one")).split('"one"') as [string, string];
    for (const data of [`${before}"\u0001"${after}`, `${before}"a" , "b"${after}`, `${before}"`, "{", ""])
      expect(made.text(data)).toBeUndefined();
    const overlapping = template({ choices: [{ delta: { content: "x" } }] });
    expect(overlapping.text('{"choices":[{"delta":{"content":"}}]}')).toBeUndefined();
  });

  test.each([
    ["the text stands elsewhere before it", event("P")],
    ["the text looks like a key", event("model")],
    ["a key ends like the name of the text", { 'x"content': "one", ...event("one") }],
  ])("is not made where %s", (_, first) => {
    expect(template(first).text(JSON.stringify(first))).toBeUndefined();
  });

  test("is not fooled by the text that it is tried with", () => {
    for (const probe of ["any text", "\u0000"]) {
      const made = template({ ...event(probe), id: probe });
      expect(made.text(JSON.stringify({ ...event(probe), id: "gen-2" }))).toBeUndefined();
    }
  });

  test.each([
    ["has a field more", event("one", { service_tier: "x" })],
    ["has its text elsewhere, too", event("model")],
    ["is written in another way", event("\u00dc")],
  ])("comes to be although the first event %s", (_, first) => {
    const made = new TextTemplate(contentOf);
    let told = 0;
    for (const [n, each] of [first, ...Array<Event>(99).fill(event("two"))].entries()) {
      const data = JSON.stringify(each).replace(n === 0 ? "\u00dc" : "", n === 0 ? "\\u00dc" : "");
      if (made.text(data) === undefined) made.learn(data, contentOf(each) as string);
      else told++;
    }
    expect(told).toBeGreaterThan(90);
  });

  test("is made anew when events have changed, but not for each one where all differ", () => {
    const made = new TextTemplate(contentOf);
    const tell = (text: string, created: number) => {
      const data = JSON.stringify(event(text, { created }));
      const told = made.text(data);
      if (told === undefined) made.learn(data, text);
      return told;
    };
    expect([tell("a", 1), tell("b", 1), tell("c", 1), tell("d", 1), tell("e", 1)]).toEqual([
      undefined,
      "b",
      "c",
      "d",
      "e",
    ]);
    expect([tell("f", 2), tell("g", 2)]).toEqual([undefined, "g"]);
    expect([tell("h", 3), tell("i", 3), tell("j", 2)]).toEqual([undefined, undefined, "j"]);
  });
});

test("a stream comes to the same whether or not its events can be told by a template", () => {
  const texts = fc.oneof(
    fc.constantFrom("a", " the", "P", "content", "vendor/model", '"', "\\", "\n", "", "null", "ü", "\ud800"),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const mores = fc.constantFrom<object>(
    {},
    {},
    {},
    { created: 5 },
    { model: "other/model" },
    { usage: { prompt_tokens: 1, completion_tokens: 2 } },
    { error: { code: 502, message: "gone" } },
    { choices: [] },
    { choices: [{ index: 0, delta: { content: "end" }, finish_reason: "stop" }] },
    { 'x"content': "a" },
  );
  const deltas = fc.constantFrom<object>({}, {}, {}, { reasoning: "so" }, { refusal: "no" }, { content: 5 });
  const events = fc.array(fc.tuple(texts, mores, deltas), { maxLength: 40 });
  fc.assert(
    fc.property(events, (list) => {
      const [told, parsed] = [[] as unknown[], [] as unknown[]];
      const [one, other] = [new ChunkDecoder(), new ChunkDecoder()];
      for (const [n, [text, more, delta]] of list.entries()) {
        const json = JSON.stringify(event(text, more, delta));
        // White space that grows is never like the last time.
        told.push(outcome(one, json));
        parsed.push(outcome(other, json.replace("{", `{${" ".repeat(n + 1)}`)));
      }
      expect(told).toEqual(parsed);
      expect(one).toMatchObject({ content: other.content, finished: other.finished, resumed: other.resumed });
    }),
    { numRuns: Number(process.env.SIM_RUNS ?? 500) },
  );
});

function outcome(decoder: ChunkDecoder, json: string): { parts: ProviderPart[]; error?: unknown } {
  expect(parse(json)).toBeDefined();
  const parts: ProviderPart[] = [];
  try {
    decoder.event(json, undefined, parts);
    return { parts };
  } catch (error) {
    return { parts, error: String(error) };
  }
}
