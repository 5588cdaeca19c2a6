import fc from "fast-check";
import { expect, test } from "vitest";
import { SignalError } from "../../../src/errors.js";
import { ChunkDecoder } from "../../../src/providers/chunk.js";
import { plainText } from "../../../src/providers/plain-text.js";
import type { ProviderPart } from "../../../src/types.js";

/** A further choice is no part of the answer, and with one a chunk is none that says nothing but text. */
const IGNORED = { index: 9 };

/** What the decoder makes of some chunks, and the state it is in then. */
function decoded(chunks: readonly object[]) {
  const decoder = new ChunkDecoder();
  const parts: ProviderPart[] = [];
  let failure: string | undefined;
  try {
    for (const chunk of chunks) decoder.event(JSON.stringify(chunk), undefined, parts);
    decoder.end(parts);
  } catch (error) {
    if (!(error instanceof SignalError)) throw error;
    // An error envelope is told whole, and so with the choice that only led the long way.
    failure = JSON.stringify(error.signal).replace(`,${JSON.stringify(IGNORED)}`, "");
  }
  const { content, finished, resumed } = decoder;
  return { parts, failure, content, finished, resumed };
}

const nothing = fc.constantFrom<unknown>(null, "", [], undefined);
const odd = fc.constantFrom<unknown>({}, 0, 1, true, false, "text", ["text"], { text: "t" }, [{ text: "t" }]);
/** A field that is nearly always absent or empty. */
const rare = fc.oneof({ weight: 40, arbitrary: nothing }, { weight: 1, arbitrary: odd });
const often = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 20, arbitrary: value }, { weight: 1, arbitrary: rare });

const delta = fc.record(
  {
    role: rare,
    content: often(fc.constantFrom("Hello", " world", "\u0000")),
    reasoning: rare,
    reasoning_content: rare,
    reasoning_details: rare,
    refusal: rare,
    images: rare,
    audio: rare,
    tool_calls: rare,
    function_call: rare,
  },
  { requiredKeys: ["content"] },
);

const choice = fc.record(
  {
    index: often(fc.constant(0)),
    delta: often(delta),
    message: rare,
    text: fc.oneof(rare, fc.constantFrom("", "", "Hello", " world")),
    finish_reason: fc.oneof(rare, fc.constantFrom(null, "", "", "stop", "length", "error")),
    error: rare,
    object: fc.oneof(rare, fc.constantFrom("", "", "error")),
  },
  { requiredKeys: ["delta"] },
);

const chunk = fc.record(
  {
    id: often(fc.constantFrom("gen-1", "gen-2")),
    model: often(fc.constant("m")),
    provider: often(fc.constant("p")),
    object: often(fc.constant("chat.completion.chunk")),
    choices: fc.array(often(choice), { minLength: 1, maxLength: 2, size: "-1" }),
    usage: fc.oneof(
      { weight: 8, arbitrary: rare },
      { weight: 1, arbitrary: fc.constant({ prompt_tokens: 1 }) },
    ),
    error: rare,
  },
  { requiredKeys: ["choices"] },
);

const theLongWay = (chunks: readonly { choices: unknown[] }[]) =>
  chunks.map((chunk) => ({ ...chunk, choices: [...chunk.choices, IGNORED] }));

test("the short road for plain text leads to the same parts, errors and state as the long one", () => {
  let plain = 0;
  const chunks = fc.array(chunk, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(chunks, (chunks) => {
      const wire = JSON.parse(JSON.stringify(chunks));
      plain += wire.filter((chunk: Record<string, unknown>) => plainText(chunk) !== undefined).length;
      expect(decoded(wire)).toEqual(decoded(theLongWay(wire)));
    }),
    { numRuns: 3_000 },
  );
  expect(plain).toBeGreaterThan(150);
});
