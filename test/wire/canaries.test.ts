import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type ChatRequest,
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
  jsonlAudit,
  memoryAudit,
  OptionsError,
  openAICompatible,
  openRouter,
  pinoAudit,
} from "../../src/chain.js";
import { type ModelScript, startSimulator } from "../../src/testing/index.js";
import { Canaries } from "../support/canaries.js";

const canaries = new Canaries();
const KEY = canaries.key("api key");
const BARE_KEY = canaries.secret("api key of no shape");
const HEADER = canaries.secret("header x-api-token");
const COOKIE = canaries.secret("header cookie");
const DEFAULT_HEADER = canaries.secret("default header x-auth");
const ABORT = canaries.words("abort reason");
const FETCH = canaries.words("fetch error");
const ARGUMENTS = canaries.words("tool arguments of the answer");
const ANSWER = canaries.words("answer");
const REASONING = canaries.words("reasoning");
const SECRET_PATH = canaries.secret("redirect path");
const SECRET_QUERY = canaries.secret("redirect query");
const SECRET_USER = canaries.secret("redirect password");

const P = {
  system: canaries.words("system prompt"),
  user: canaries.words("user prompt"),
  image: canaries.words("image url"),
  file: canaries.words("file data"),
  name: canaries.words("file name"),
  assistant: canaries.words("assistant turn"),
  call: canaries.words("tool call history"),
  result: canaries.words("tool result"),
  tool: canaries.words("tool description"),
  parameter: canaries.words("parameter description"),
  stop: canaries.words("stop sequence"),
  metadata: canaries.words("metadata"),
  endUser: canaries.words("end user"),
  schema: canaries.words("schema description"),
  developer: canaries.words("developer message"),
  later: canaries.words("later turn"),
  thoughts: canaries.words("reasoning history"),
};

const request: ChatRequest = {
  messages: [
    { role: "system", content: P.system },
    {
      role: "user",
      content: [
        { type: "text", text: P.user },
        { type: "image_url", image_url: { url: `https://example.com/${encodeURIComponent(P.image)}.png` } },
        { type: "file", file: { file_data: `data:text/plain,${P.file}`, filename: P.name } },
      ],
    },
    {
      role: "assistant",
      content: P.assistant,
      tool_calls: [
        {
          id: "c1",
          type: "function",
          function: { name: "lookup", arguments: JSON.stringify({ q: P.call }) },
        },
      ],
    },
    { role: "tool", tool_call_id: "c1", content: P.result },
    { role: "developer", content: P.developer },
    { role: "assistant", content: "Well.", reasoning: P.thoughts } as ChatRequest["messages"][number],
    { role: "user", content: P.later },
  ],
  tools: [
    {
      type: "function",
      function: {
        name: "lookup",
        description: P.tool,
        parameters: {
          type: "object",
          properties: { q: { type: "string", description: P.parameter } },
          required: ["q"],
        },
      },
    },
  ],
  stop: [P.stop],
  metadata: { note: P.metadata },
  user: P.endUser,
};
const asksJson: ChatRequest = {
  messages: [{ role: "user", content: P.user }],
  response_format: {
    type: "json_schema",
    json_schema: {
      name: "reply",
      schema: {
        type: "object",
        description: P.schema,
        properties: { city: { type: "number" } },
        required: ["city"],
      },
    },
  },
};

/** What providers quote: a part each, since a long message is cut. The file's own bytes are nobody's to quote. */
const { file: _, ...quoted } = P;
const prompts = Object.values(quoted).join(" / ");
const echoOf = (key: string) =>
  `Rejected: ${[key, HEADER, COOKIE, DEFAULT_HEADER, Buffer.from(key).toString("base64")].join(" / ")} // ${prompts}`;
const http = (status: number, error: object, headers: Record<string, string> = {}): ModelScript => ({
  fault: "http",
  status,
  body: { error: { code: status, ...error } },
  headers,
});

/** Everything a provider may do with the key and the prompt it was given. */
const SCENES: [string, (key: string, echo: string) => ModelScript, ChatRequest?][] = [
  ["401 that echoes the keys", (key) => http(401, { message: `Incorrect API key provided: ${key}` })],
  ["400 that echoes everything", (_, echo) => http(400, { message: echo })],
  [
    "a wrapped 400 that echoes in raw text",
    (_, echo) =>
      http(400, { message: "Provider returned error", metadata: { raw: echo, provider_name: "Azure" } }),
  ],
  [
    "a wrapped 400 that echoes in raw JSON",
    (_, echo) =>
      http(400, {
        message: "Provider returned error",
        metadata: { raw: JSON.stringify({ error: { message: echo } }), provider_name: "Azure" },
      }),
  ],
  ["500 that echoes as its code", (key) => http(500, { message: "no", code: `code ${key}`, type: key })],
  [
    "500 that echoes as its provider",
    (key) => http(500, { message: "no", metadata: { provider_name: key, raw: "x" } }),
  ],
  [
    "500 that echoes in its headers",
    (key) =>
      http(500, { message: "no" }, { "X-Request-Id": key, "Retry-After": key, "X-Generation-Id": key }),
  ],
  [
    "500 with a page that echoes",
    (_, echo) => ({ fault: "http", status: 500, body: `<html><title>${echo}</title>${echo}</html>` }),
  ],
  ...Object.entries(quoted).map(([what, words]): (typeof SCENES)[number] => [
    `422 that echoes the ${what}`,
    () => http(422, { message: `Invalid input: ${words}.` }),
    what === "schema" ? asksJson : request,
  ]),
  ["429 that echoes", (key, echo) => http(429, { message: echo, metadata: { error_type: key } })],
  [
    "403 that quotes the flagged input",
    (_, echo) => http(403, { message: echo, metadata: { reasons: ["x"], flagged_input: P.user } }),
  ],
  ["an error event first", (_, echo) => ({ fault: "err-first", error: { code: 502, message: echo } })],
  [
    "an error event mid-stream",
    (key, echo) => ({ fault: "err-mid", text: ANSWER, error: { code: key, message: echo } }),
  ],
  [
    "an error as the body of a 200",
    (_, echo) => ({ fault: "http", status: 200, body: { error: { code: 500, message: echo } } }),
  ],
  [
    "a strange content type",
    (key, echo) => ({ fault: "http", status: 200, body: echo, headers: { "Content-Type": `text/${key}` } }),
  ],
  [
    "a redirect with a token",
    (key) => ({
      fault: "redirect-307",
      location: `https://u:${SECRET_USER}@elsewhere.invalid/${SECRET_PATH}?token=${SECRET_QUERY}&k=${key}`,
    }),
  ],
  ["broken JSON mid-stream", () => ({ fault: "malformed", text: `${ANSWER} ${ANSWER}` })],
  ["a cut stream", () => ({ fault: "cut", text: `${ANSWER} ${ANSWER}`, reasoning: REASONING })],
  ["a refusal that quotes the prompt", () => ({ fault: "refusal", refusal: `I will not say: ${P.user}` })],
  ["reasoning without an answer", () => ({ fault: "reasoning-stop", reasoning: REASONING })],
  [
    "half of the tool arguments",
    () => ({ fault: "tool-truncated", toolCalls: [{ name: "lookup", arguments: { q: ARGUMENTS } }] }),
  ],
  [
    "tool arguments that break the schema",
    () => ({ toolCalls: [{ name: "lookup", arguments: { other: ARGUMENTS } }] }),
  ],
  ["tool arguments that are no JSON", () => ({ toolCalls: [{ name: "lookup", arguments: ARGUMENTS }] })],
  [
    "a tool that was not offered",
    () => ({ fault: "tool-unknown", toolCalls: [{ name: "lookup", arguments: { q: ARGUMENTS } }] }),
  ],
  ["JSON that breaks its schema", () => ({ json: { city: ANSWER } }), asksJson],
  ["JSON that is none", () => ({ text: ANSWER }), asksJson],
  ["an answer signed with the key", (key) => ({ text: ANSWER, model: `model ${key}`, provider: key })],
  ["a full answer", () => ({ text: ANSWER, reasoning: REASONING })],
  ["a full tool call", () => ({ toolCalls: [{ name: "lookup", arguments: { q: ARGUMENTS } }] })],
  ["silence", () => ({ fault: "ttfb-stall" })],
];

/** Every form in which an error may be looked at. */
function formsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error), inspect(error)];
  // `partial` is the text the caller has been given already.
  const hidden = Object.getOwnPropertyDescriptor(error, "partial");
  if (hidden) delete (error as { partial?: string }).partial;
  const forms = [
    error.message,
    String(error.stack),
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: null, showHidden: true, getters: true }),
    ...(error.cause === undefined ? [] : formsOf(error.cause)),
  ];
  if (hidden) Object.defineProperty(error, "partial", hidden);
  return forms;
}

function expectNone(outputs: [string, string][]): void {
  const found = outputs.flatMap(([where, text]) => canaries.in(text).map((name) => `${name} in ${where}`));
  expect(found).toEqual([]);
}

function lines(): { stream: Writable; text: () => string } {
  let all = "";
  const stream = new Writable({
    write(chunk, _, done) {
      all += String(chunk);
      done();
    },
  });
  return { stream, text: () => all };
}

async function play(
  script: (typeof SCENES)[number][1],
  body: ChatRequest,
  streamed: boolean,
): Promise<[string, string][]> {
  const folder = await mkdtemp(join(tmpdir(), "canaries-"));
  const file = join(folder, "audit.jsonl");
  const simulator = await startSimulator({
    models: {
      primary: script(KEY, echoOf(KEY)),
      second: script(BARE_KEY, echoOf(BARE_KEY)),
      third: { fault: "500" },
    },
  });
  const { baseURL } = simulator;
  const headers = { "X-Api-Token": HEADER, Cookie: COOKIE };
  const clientOptions = { defaultHeaders: { "X-Auth": DEFAULT_HEADER } };
  const log = lines();
  const audited = lines();
  const memory = memoryAudit();
  const chain = new FallbackChain({
    targets: [
      { model: "primary", provider: openRouter({ apiKey: KEY, baseURL, headers, clientOptions }) },
      {
        model: "second",
        provider: openAICompatible({ name: "second", apiKey: BARE_KEY, baseURL, headers, clientOptions }),
      },
      {
        model: "third",
        provider: openAICompatible({
          name: "third",
          apiKey: BARE_KEY,
          baseURL,
          fetch: async (_, init) => {
            const sent = JSON.stringify([...new Headers(init?.headers)]);
            throw new Error(`${FETCH.slice(0, 3)} failed with ${sent} ${init?.body}`, {
              cause: new Error(FETCH),
            });
          },
        }),
      },
    ],
    audit: [memory, jsonlAudit(file), pinoAudit(pino({ level: "trace" }, audited.stream))],
    logger: pino({ level: "trace" }, log.stream),
    timeouts: { connectMs: 300 },
    random: () => 0,
  });
  const outputs: [string, string][] = [];
  try {
    if (streamed) {
      for await (const part of chain.stream(body)) {
        if (part.type === "restart") outputs.push(["a restart part", JSON.stringify(part)]);
      }
    } else await chain.complete(body);
  } catch (error) {
    expect(FallbackChainError.is(error)).toBe(true);
    outputs.push(...formsOf(error).map((form, i): [string, string] => [`form ${i} of the error`, form]));
  }
  await chain.close();
  await simulator.close();
  outputs.push(
    ["the memory sink", inspect(memory.records, { depth: null })],
    ["the jsonl sink", await readFile(file, "utf8")],
    ["the pino sink", audited.text()],
    ["the log", log.text()],
  );
  await rm(folder, { recursive: true });
  for (const [where, text] of outputs) expect(text, where).not.toBe("");
  return outputs;
}

describe("no key and no prompt leaves by a side door", () => {
  test.for(SCENES)("after %s", async ([, script, body]) => {
    for (const streamed of [true, false]) expectNone(await play(script, body ?? request, streamed));
  });

  test("after an abort with a reason", async () => {
    const simulator = await startSimulator({ models: { primary: { fault: "ttfb-stall" } } });
    const audit = memoryAudit();
    const chain = new FallbackChain({
      targets: ["primary"],
      provider: openRouter({ apiKey: KEY, baseURL: simulator.baseURL }),
      audit,
      logger: false,
    });
    const controller = new AbortController();
    const call = chain.complete(request, { signal: controller.signal }).catch((error: unknown) => error);
    await simulator.waitForRequests(1);
    controller.abort(new Error(ABORT));
    const forms = formsOf(await call);
    await chain.close();
    await simulator.close();
    expectNone([
      ...forms.map((form): [string, string] => ["the error", form]),
      ["the record", inspect(audit.records, { depth: null })],
    ]);
  });

  test("the search finds what is there", () => {
    expect(canaries.in(`… ${KEY}`)).toEqual(["api key"]);
    expect(canaries.in(Buffer.from(BARE_KEY).toString("base64"))).toEqual(["api key of no shape"]);
    expect(canaries.in(JSON.stringify(request))).toEqual(
      expect.arrayContaining(["system prompt", "user prompt", "tool result", "end user"]),
    );
  });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a wrong option is named without its secret", () => {
  const key = (name: string) => canaries.key(`${name}, shaped`);
  const secret = (name: string) => canaries.secret(`${name}, bare`);
  const provider = openRouter({ apiKey: "sk-or-v1-fine", baseURL: "http://127.0.0.1:9/v1" });
  const chain = (options: object) =>
    new FallbackChain({ targets: ["a"], provider, logger: false, ...options } as FallbackChainOptions);
  const baseURL = "http://127.0.0.1:9/v1";
  const wrong: [string, () => unknown][] = [
    ["a key with a line break", () => openRouter({ apiKey: `${key("line break")}\n` })],
    ["a key with a dash that is none", () => openRouter({ apiKey: `${secret("dash")}\u2013` })],
    ["a key that is too long", () => openRouter({ apiKey: key("too long").repeat(200) })],
    [
      "a key of another provider",
      () => openAICompatible({ name: "x", baseURL, apiKey: `${secret("other")} ` }),
    ],
    ["a header value", () => openRouter({ headers: { "X-Key": `${secret("header")}\r\nX: y` } })],
    ["a header name", () => openRouter({ headers: { [`${secret("header name")}:`]: "v" } })],
    [
      "an authorization header",
      () => openRouter({ headers: { Authorization: `Bearer ${key("authorization")}` } }),
    ],
    [
      "a default header",
      () => openRouter({ clientOptions: { defaultHeaders: { "X-A": `${secret("default header")}\u0000` } } }),
    ],
    [
      "a password in the URL",
      () => openRouter({ baseURL: `https://me:${secret("url password")}@example.com/v1` }),
    ],
    [
      "a user in the URL",
      () => openAICompatible({ name: "x", baseURL: `https://${secret("url user")}@example.com/v1` }),
    ],
    [
      "a query in the URL",
      () => openRouter({ baseURL: `https://example.com/v1?key=${secret("url query")}` }),
    ],
    [
      "a fragment in the URL",
      () => openRouter({ baseURL: `https://example.com/v1#${secret("url fragment")}` }),
    ],
    ["a URL that is none", () => openRouter({ baseURL: `example.com/${secret("no url")}` })],
    [
      "an object with a key in place of a provider",
      () => chain({ provider: { apiKey: secret("object in place of a provider") } }),
    ],
    ["a token among the timeouts", () => chain({ timeouts: { bearerToken: secret("timeouts") } })],
    [
      "a key in the environment",
      async () => {
        vi.stubEnv("OPEN_ROUTER_API_KEY", `${secret("environment")}\u2013`);
        await new FallbackChain({ targets: ["a"], provider: openRouter(), logger: false }).complete({
          messages: [{ role: "user", content: "x" }],
        });
      },
    ],
    ["a key given to the chain", () => chain({ apiKey: secret("chain key") })],
    ["a shaped key given to the chain", () => chain({ openRouterKey: key("chain key") })],
    ["a key given to a target", () => chain({ targets: [{ model: "a", apiKey: secret("target key") }] })],
    ["a key in place of a provider", () => chain({ provider: key("in place of a provider") })],
    ["a key in place of options", () => chain({ modelOptions: key("in place of options") })],
    [
      "a prompt in place of messages",
      () => chain({}).stream({ messages: canaries.words("prompt in place") as never }),
    ],
  ];
  test.for(wrong)("%s", async ([, construct]) => {
    let error: unknown;
    try {
      await construct();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(OptionsError);
    expectNone(formsOf(error).map((form) => ["the error", form]));
  });

  test("in all, more than fifty canaries are planted", () => {
    expect(canaries.count).toBeGreaterThanOrEqual(50);
  });
});
