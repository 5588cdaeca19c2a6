import { PassThrough } from "node:stream";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, drain } from "../support/chain.js";

const busy = {
  kind: "http" as const,
  status: 429,
  headers: {},
  body: '{"error":{"message":"Slow down","code":429}}',
};
const bad = {
  kind: "http" as const,
  status: 400,
  headers: {},
  body: '{"error":{"message":"No such parameter","code":400}}',
};
const cut = { kind: "eof" as const, afterContent: true };
const LEVELS: Record<number, string> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };

async function linesOf(script: Parameters<typeof bench>[0]) {
  const out = new PassThrough();
  const logger = pino({ level: "trace" }, out);
  const { chain } = bench(script, { logger, labels: { service: "billing" } });
  const { record } = await drain(chain.stream(ask));
  const lines = String(out.read())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { record, lines, story: lines.map((line) => `${LEVELS[line.level]} ${line.msg}`) };
}

describe("log lines", () => {
  it("of a plain success are at debug only", async () => {
    const { story } = await linesOf({ "a/one": [answer("Hi.")] });
    expect(story).toEqual(["debug attempt started", "debug answered"]);
  });

  it("tell a failover at warn, in stable fields", async () => {
    const { story, lines, record } = await linesOf({ "a/one": [[busy]], "b/two": [answer("Hi.")] });
    expect(story).toEqual(["debug attempt started", "warn attempt failed", "warn failover", "info answered"]);
    expect(lines[1]).toMatchObject({
      callId: record.callId,
      labels: { service: "billing" },
      target: "a/one",
      model: "a/one",
      provider: "scripted",
      attempt: 1,
      class: "rate_limit",
      scope: "model",
      status: 429,
      verdict: "next",
    });
    expect(lines[3]).toMatchObject({ target: "b/two", attempt: 2, finishReason: "stop" });
  });

  it("tell a recovery at warn", async () => {
    const { lines } = await linesOf({ "a/one": [["half", cut]], "b/two": [answer("Hi.")] });
    expect(lines.find(({ msg }) => msg === "stream recovery")).toMatchObject({
      level: 40,
      target: "b/two",
      mode: "restart",
      class: "stream_interrupted",
    });
  });

  it("tell a call that failed at error", async () => {
    const { lines } = await linesOf({ "a/one": [[bad]] });
    expect(lines.at(-1)).toMatchObject({
      level: 50,
      msg: "call failed",
      code: "stopped",
      class: "invalid_request",
      status: 400,
    });
  });
});

it("bears a logger that throws, or rejects", async () => {
  const boom = () => {
    throw new Error("no disk");
  };
  const rejections: unknown[] = [];
  const onRejection = (error: unknown) => void rejections.push(error);
  process.on("unhandledRejection", onRejection);
  try {
    for (const tell of [boom, async () => boom()]) {
      const logger = { debug: tell, info: tell, warn: tell, error: tell };
      const sink = { write: boom };
      const { chain } = bench(
        { "a/one": [[busy]], "b/two": [answer("b")] },
        { logger, audit: sink, telemetry: { call: boom } },
      );
      expect(await chain.complete(ask)).toMatchObject({ text: "b" });
      await chain.close();
    }
    await new Promise(setImmediate);
  } finally {
    process.off("unhandledRejection", onRejection);
  }
  expect(rejections).toEqual([]);
});
