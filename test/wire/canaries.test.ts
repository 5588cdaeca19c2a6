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
import { startSimulator } from "../../src/testing/index.js";
import {
  ABORT,
  BARE_KEY,
  COOKIE,
  canaries,
  DEFAULT_HEADER,
  echoOf,
  FETCH,
  HEADER,
  KEY,
  type Misdeed,
  request,
  SCENES,
} from "../support/canary-scenes.js";
import { telemetryTexts } from "../support/telemetry-texts.js";

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

async function play(script: Misdeed, body: ChatRequest, streamed: boolean): Promise<[string, string][]> {
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
  const telemetry = telemetryTexts();
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
    telemetry: telemetry.telemetry,
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
    ...(await telemetry.texts()),
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
