import { describe, expect, it, vi } from "vitest";
import { answer, type ScriptStep } from "../../src/providers/scripted.js";
import { ask, bench, drain } from "../support/chain.js";

const finish = (reason: string): ScriptStep => ({ type: "finish", reason });

describe("an answer is not whole", () => {
  it.each<[string, ScriptStep[], string]>([
    [
      "when its finish reason means nothing to us",
      ["The dose is 5", finish("insufficient_system_resource")],
      "stream_interrupted",
    ],
    [
      "when an error comes behind its finish reason",
      [
        "The dose is 5",
        finish("stop"),
        { kind: "error_body", body: { error: { code: 502, message: "gone" } }, afterContent: true },
      ],
      "stream_interrupted",
    ],
    [
      "when what comes behind its finish reason is broken",
      ["The dose is 5", finish("stop"), { kind: "invalid", reason: "json", message: "broken" }],
      "invalid_response",
    ],
    [
      "when its finish reason turns into an error",
      ["The dose is 5", finish("stop"), finish("error")],
      "stream_interrupted",
    ],
  ])("%s", async (_, script, failureClass) => {
    const { chain } = bench({ "a/one": [script], "b/two": [answer("The dose is 50 mg.")] });
    const { text, record } = await drain(chain.stream(ask));
    expect(text).toBe("The dose is 50 mg.");
    expect(record.attempts[0]!.failure!.class).toBe(failureClass);
  });

  it.each<[string, ScriptStep]>([
    ["is followed by silence", Number.POSITIVE_INFINITY],
    [
      "is followed by a reset",
      { kind: "thrown", error: Object.assign(new Error("x"), { code: "ECONNRESET" }), afterContent: true },
    ],
  ])("when every chunk says stop and one %s", async (_, step) => {
    vi.useFakeTimers();
    const script = ["one ", finish("stop"), 50, "two ", finish("stop"), step];
    const { chain } = bench({ "a/one": [script], "b/two": [answer("one two three.")] });
    const reading = drain(chain.stream(ask));
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await reading).text).toBe("one two three.");
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("when it goes on behind its finish reason for ever", async () => {
    vi.useFakeTimers();
    const endless = Array.from({ length: 1_000 }, (): ScriptStep[] => ["x", finish("stop"), 20]).flat();
    const { chain } = bench(
      { "a/one": [endless], "b/two": [answer("Done.")] },
      { timeouts: { attemptMs: 3_000 } },
    );
    const reading = drain(chain.stream(ask));
    await vi.advanceTimersByTimeAsync(30_000);
    const { text, record } = await reading;
    expect(text).toBe("Done.");
    expect(record.attempts[0]).toMatchObject({ durationMs: 3_000, failure: { phase: "attempt" } });
    vi.useRealTimers();
  });

  it("when it announces a tool call and makes none", async () => {
    const { chain } = bench({
      "a/one": [["Let me look.", finish("tool_calls")]],
      "b/two": [answer("It rains.")],
    });
    expect((await drain(chain.stream(ask))).text).toBe("It rains.");
  });

  it("when the token limit left a tool call without arguments", async () => {
    const request = { ...ask, tools: [{ type: "function" as const, function: { name: "delete_rows" } }] };
    const call: ScriptStep = { type: "toolCall", index: 0, id: "1", name: "delete_rows", arguments: "" };
    const { chain } = bench({ "a/one": [[call, finish("length")]], "b/two": [answer("Which rows?")] });
    const { text, record } = await drain(chain.stream(request));
    expect(text).toBe("Which rows?");
    expect(record.attempts[0]!.failure).toMatchObject({ class: "invalid_response" });
  });

  it("and says so when a stop follows the token limit", async () => {
    const { chain } = bench({ "a/one": [["half", finish("length"), finish("stop")]] });
    expect(await chain.complete(ask)).toMatchObject({ text: "half", finishReason: "length" });
  });
});

describe("an answer is whole", () => {
  it("although every chunk says stop, once the stream ends", async () => {
    const script = ["one ", finish("stop"), "two.", finish("stop")];
    const { chain } = bench({ "a/one": [script] });
    expect((await drain(chain.stream(ask))).text).toBe("one two.");
  });

  it.each<[string, ScriptStep]>([
    [
      "a reset",
      { kind: "thrown", error: Object.assign(new Error("x"), { code: "ECONNRESET" }), afterContent: true },
    ],
    ["an end without [DONE]", { kind: "eof", afterContent: true }],
  ])("whatever %s does behind its finish reason", async (_, step) => {
    const { chain } = bench({ "a/one": [["All of it.", finish("stop"), step]] });
    expect((await drain(chain.stream(ask))).text).toBe("All of it.");
  });

  it("and stays so when the attempt's clock runs out during its trailer", async () => {
    const { chain } = bench(
      { "a/one": [["All of it.", finish("stop"), 150]] },
      { timeouts: { attemptMs: 100 } },
    );
    expect((await drain(chain.stream(ask))).text).toBe("All of it.");
  });
});
