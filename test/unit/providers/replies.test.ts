import { afterEach, describe, expect, test } from "vitest";
import { openRouter } from "../../../src/providers/openrouter.js";
import { chunk, DONE, HELLO, REQUEST, SSE, serve, type Taken, type TestServer, take } from "./server.js";

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** What comes of a 200 with this type and these writes, 5 ms apart. */
async function of(
  type: string | undefined,
  pieces: (string | Uint8Array)[],
  request = REQUEST,
): Promise<Taken> {
  const server = await serve(async (response) => {
    response.writeHead(200, type === undefined ? {} : { "content-type": type });
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  });
  servers.push(server);
  return take(openRouter({ apiKey: "sk-x", baseURL: server.baseURL }), request);
}

const JSON_REPLY = JSON.stringify({ choices: [{ finish_reason: "stop", message: { content: "Hi" } }] });
const ERROR = '{"error":{"message":"Provider returned error","code":429},"user_id":"user_xyz"}';

describe("the content type", () => {
  test.each(["text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream;charset=x"])(
    "%s is an event stream",
    async (type) => {
      expect((await of(type, [HELLO, DONE])).text).toBe("Hello world");
    },
  );

  test.each(["application/json", "application/json; charset=utf-8", "application/problem+json"])(
    "%s is one document",
    async (type) => {
      expect(await of(type, [JSON_REPLY])).toMatchObject({ text: "Hi", batches: [{}] });
    },
  );

  test.each(["text/html", "text/plain", "application/x-ndjson", undefined])(
    "%s is refused, unless the body is a JSON error",
    async (type) => {
      expect((await of(type, [HELLO, DONE])).signal).toMatchObject({
        kind: "invalid",
        reason: "content_type",
        status: 200,
      });
      expect((await of(type, [ERROR])).signal).toMatchObject({
        kind: "error_body",
        body: JSON.parse(ERROR),
        afterContent: false,
      });
    },
  );

  test("of an event stream over a JSON error is forgiven", async () => {
    expect((await of(SSE["content-type"], ["\n", ERROR])).signal).toMatchObject({
      kind: "error_body",
      body: JSON.parse(ERROR),
    });
    expect((await of(SSE["content-type"], [JSON_REPLY])).text).toBe("Hi");
  });
});

describe("a JSON reply", () => {
  test("may be padded with white space, which is not content", async () => {
    const taken = await of("application/json", [
      "\n         \n",
      "\n         \n",
      JSON_REPLY.slice(0, 20),
      JSON_REPLY.slice(20),
    ]);
    expect(taken.text).toBe("Hi");
    expect(taken.batches).toHaveLength(1);
  });

  test("may begin with a byte order mark, and come in pieces of a character", async () => {
    const bytes = Buffer.from(`\ufeff${JSON_REPLY.replace("Hi", "a🦊b")}`);
    const at = bytes.indexOf(0xf0);
    const pieces = [bytes.subarray(0, 2), bytes.subarray(2, at + 1), bytes.subarray(at + 1)];
    expect((await of("application/json", pieces)).text).toBe("a🦊b");
  });

  test("with an error is one, with its headers", async () => {
    expect((await of("application/json", ["\n\n", ERROR])).signal).toMatchObject({
      kind: "error_body",
      headers: { "content-type": "application/json" },
      afterContent: false,
    });
  });

  test.each([
    ["white space only", "\n   \n", { kind: "invalid", reason: "json" }],
    ["white space and a dot", "\n  .", { kind: "invalid", reason: "json" }],
    ["half a document", JSON_REPLY.slice(0, 20), { kind: "invalid", reason: "json" }],
    ["null choices", '{"choices":null}', { kind: "invalid", reason: "no_choices" }],
  ])("of %s is invalid", async (_, body, expected) => {
    expect((await of("application/json", [body])).signal).toMatchObject(expected);
  });

  test("of no bytes is empty, as is such a stream", async () => {
    expect((await of("application/json", [])).signal).toEqual({ kind: "empty", reasoning: false });
    expect((await of("text/event-stream", [])).signal).toEqual({ kind: "empty", reasoning: false });
  });
});

describe("the end of a stream", () => {
  const sse = (...pieces: (string | Uint8Array)[]) => of("text/event-stream", pieces);

  test("without [DONE] is fine after a finish reason", async () => {
    expect((await sse(HELLO)).error).toBeUndefined();
  });

  test("without finish reason is an eof", async () => {
    expect((await sse(": OPENROUTER PROCESSING\n\n")).signal).toEqual({ kind: "eof", afterContent: false });
    expect((await sse(chunk({ role: "assistant", content: "" }))).signal).toEqual({
      kind: "eof",
      afterContent: false,
    });
    expect((await sse(chunk({ content: "a" }))).signal).toEqual({ kind: "eof", afterContent: true });
    expect((await sse(chunk({ reasoning: "a" }))).signal).toEqual({ kind: "eof", afterContent: true });
  });

  test("by [DONE] alone ends the answer, which the chain then judges", async () => {
    expect(await sse(DONE)).toMatchObject({ parts: [], batches: [] });
    expect((await sse(chunk({ content: "a" }), DONE)).error).toBeUndefined();
    expect((await sse(chunk({ content: "a" }), "data: [DONE]")).error).toBeUndefined();
    expect((await sse(HELLO, "data:[DONE] \n\n")).error).toBeUndefined();
  });

  test("twice, or with data after it, changes nothing", async () => {
    expect((await sse(HELLO, DONE + DONE, chunk({ content: "more" }))).text).toBe("Hello world");
    expect((await sse(HELLO + DONE + chunk({ content: "more" }))).text).toBe("Hello world");
  });

  test("in half an event is an eof, in a whole one without its blank line is not", async () => {
    expect((await sse(chunk({ content: "a" }), 'data: {"choices"')).signal).toEqual({
      kind: "eof",
      afterContent: true,
    });
    expect((await sse(chunk({ content: "a" }), chunk({}, "stop").trim())).error).toBeUndefined();
  });

  test("cut after a finish reason leaves the answer whole", async () => {
    expect((await sse(HELLO, 'data: {"usage"')).error).toBeUndefined();
  });

  test.each([
    ["an error", `data: ${ERROR}\n\n`, { kind: "error_body" }],
    ["an error by name", 'event: error\ndata: {"message":"x"}\n\n', { kind: "error_body" }],
    ["the finish reason error", chunk({}, "error"), { kind: "finish", reason: "error" }],
    ["an unknown finish reason", chunk({}, "load"), { kind: "finish", reason: "unknown" }],
  ])("in %s after a finish reason is a failure", async (_, data, expected) => {
    for (const pieces of [[HELLO, data], [HELLO + data]]) {
      expect((await sse(...pieces, DONE)).signal).toMatchObject({ ...expected, afterContent: true });
    }
  });

  test("is no excuse for broken data before it, since some send stop with every chunk", async () => {
    const taken = await sse(
      chunk({ content: "a" }, "stop"),
      "data: {broken\n\n",
      chunk({ content: "b" }, "stop"),
    );
    expect(taken.signal).toMatchObject({ kind: "invalid", reason: "json" });
  });

  test("a broken event before it is invalid, whatever follows", async () => {
    const taken = await sse(chunk({ content: "a" }), "data: {broken\n\n", HELLO + DONE);
    expect(taken.signal).toMatchObject({ kind: "invalid", reason: "json" });
    expect(taken.text).toBe("a");
  });

  test("what one read brought before an error is handed on first", async () => {
    const taken = await sse(`${chunk({ content: "a" })}data: ${ERROR}\n\n`);
    expect(taken.text).toBe("a");
    expect(taken.signal).toMatchObject({ kind: "error_body", afterContent: true });
  });
});

test("a character split between reads is whole", async () => {
  const bytes = Buffer.from(chunk({ content: "a🦊b" }));
  const at = bytes.indexOf(0xf0);
  const pieces = [
    bytes.subarray(0, at + 1),
    bytes.subarray(at + 1, at + 3),
    bytes.subarray(at + 3),
    Buffer.from(DONE),
  ];
  expect((await of("text/event-stream", pieces)).text).toBe("a🦊b");
});

test("audio is of the format that was asked for", async () => {
  const audio = chunk({ audio: { id: "a", data: Buffer.from("sound").toString("base64") } }, "stop");
  const taken = await of("text/event-stream", [audio, DONE], {
    ...REQUEST,
    modalities: ["text", "audio"] as never,
    audio: { format: "mp3", voice: "alloy" } as never,
  });
  expect(taken.parts.find(({ type }) => type === "file")).toMatchObject({ mimeType: "audio/mpeg" });
});

test("a line of 2 MiB is refused, except to a request for images", async () => {
  const url = `data:image/png;base64,${"A".repeat(2 * 1024 * 1024)}`;
  const image = chunk({ images: [{ type: "image_url", image_url: { url } }] }, "stop");
  expect((await of("text/event-stream", [image, DONE])).signal).toMatchObject({ reason: "oversized" });
  const asked = await of("text/event-stream", [image, DONE], {
    ...REQUEST,
    modalities: ["image", "text"] as never,
  });
  expect(asked.parts.find(({ type }) => type === "file")).toMatchObject({ mimeType: "image/png" });
});
