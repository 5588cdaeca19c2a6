import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type AuditSink,
  type ChatRequest,
  FallbackChain,
  FallbackChainError,
  type FallbackChainOptions,
  memoryAudit,
  OptionsError,
  openAICompatible,
  openRouter,
} from "../../src/chain.js";
import { startSimulator } from "../../src/testing/index.js";
import { LEAKS } from "../support/canary-leaks.js";
import { formsOf, formsOfError, type Outlet, outlets, type Shown } from "../support/canary-outlets.js";
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
  ODD_KEY,
  PROXY,
  request,
  SCENES,
  SINK,
} from "../support/canary-scenes.js";

function expectNone(outputs: Shown[]): void {
  const found = outputs.flatMap(([where, text]) => canaries.in(text).map((name) => `${name} in ${where}`));
  expect(found).toEqual([]);
}

/** A sink that tells in its errors what no log may hold. */
const indiscreet: AuditSink = {
  start: () => Promise.reject(failed(`postgres://me:${SINK}@db/audit?password=${SINK} with ${KEY}`)),
  attempt: () => {
    throw failed(`sent with ${BARE_KEY}`);
  },
  write: () => Promise.reject(failed(`authorization: Bearer ${KEY}\n{"level":60,"msg":"forged"}`)),
};

function failed(message: string): Error {
  canaries.see(message);
  return new Error(message);
}

function telemetryOf(out: Outlet[]): Pick<FallbackChainOptions, "telemetry"> {
  const found = out.find(({ telemetry }) => telemetry)?.telemetry;
  return found ? { telemetry: found } : {};
}

interface How {
  streamed: boolean;
  /** Also with a key that is written in many ways. */
  odd?: boolean;
}

async function play(script: Misdeed, body: ChatRequest, { streamed, odd = false }: How): Promise<Shown[]> {
  const folder = await mkdtemp(join(tmpdir(), "canaries-"));
  const scripts = {
    primary: script(KEY, echoOf(KEY)),
    second: script(BARE_KEY, echoOf(BARE_KEY)),
    third: { fault: "500" as const },
    fourth: script(ODD_KEY, echoOf(ODD_KEY)),
  };
  const simulator = await startSimulator({ models: scripts });
  const { baseURL } = simulator;
  const headers = { "X-Api-Token": HEADER, Cookie: COOKIE };
  const clientOptions = { defaultHeaders: { "X-Auth": DEFAULT_HEADER } };
  const out = outlets(folder);
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
            const cause = new Error(FETCH);
            canaries.see(inspect(cause));
            throw new Error(`${FETCH.slice(0, 3)} failed with ${sent} ${init?.body}`, { cause });
          },
        }),
      },
      ...(odd ? [{ model: "fourth", provider: openRouter({ apiKey: ODD_KEY, baseURL, headers }) }] : []),
    ],
    audit: [...out.flatMap(({ audit }) => audit ?? []), indiscreet],
    logger: out.find(({ logger }) => logger)?.logger ?? false,
    ...telemetryOf(out),
    timeouts: { connectMs: 300 },
    random: () => 0,
  });
  const shown: Shown[] = [];
  try {
    if (streamed) {
      for await (const part of chain.stream(body)) {
        if (part.type === "restart") shown.push(["a restart part", JSON.stringify(part)]);
      }
    } else await chain.complete(body);
  } catch (error) {
    expect(FallbackChainError.is(error)).toBe(true);
    shown.push(...formsOfError(error));
  }
  for (const outlet of out) shown.push(...(outlet.during?.(chain, body) ?? []));
  await chain.close();
  // What the provider was sent, and what it was to answer.
  canaries.see(JSON.stringify(simulator.requests.map(({ headers, body }) => [headers, body])));
  if (simulator.requests.length > 0) canaries.see(JSON.stringify(scripts));
  await simulator.close();
  for (const outlet of out) shown.push(...((await outlet.after?.()) ?? []));
  await rm(folder, { recursive: true });
  for (const [where, text] of shown) expect(text, where).not.toBe("");
  return shown;
}

describe("no key and no prompt leaves by a side door", () => {
  test.for(SCENES)("after %s", async ([, script, body]) => {
    for (const streamed of [true, false]) expectNone(await play(script, body ?? request, { streamed }));
  });

  test.for(LEAKS)("after %s", async ([, script]) => {
    expectNone(await play(script, request, { streamed: true, odd: true }));
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
    canaries.see(inspect(controller.signal.reason));
    const forms = formsOfError(await call);
    await chain.close();
    await simulator.close();
    expectNone([...forms, ...formsOf("the record", audit.records)]);
  });

  test("after a list of models that could not be had", async () => {
    const folder = await mkdtemp(join(tmpdir(), "canaries-"));
    const out = outlets(folder);
    const said = `http://me:${PROXY}@proxy.invalid refused Authorization: Bearer ${BARE_KEY} and ${ODD_KEY}`;
    const chain = new FallbackChain({
      targets: ["primary"],
      provider: openRouter({
        apiKey: ODD_KEY,
        baseURL: "http://127.0.0.1:9/api/v1",
        fetch: () => Promise.reject(failed(said)),
      }),
      catalogue: { refreshMs: 1_000 },
      logger: out.find(({ logger }) => logger)?.logger ?? false,
    });
    await chain.catalogueLoaded();
    const shown = out.flatMap((outlet) => outlet.during?.(chain, request) ?? []);
    await chain.close();
    const log = (await out.find(({ logger }) => logger)?.after?.()) ?? [];
    for (const { audit } of out) await audit?.close?.();
    await rm(folder, { recursive: true });
    expect(log.join()).toContain("no list of models");
    expectNone([...shown, ...log]);
  });

  test("each of them was sent, answered or thrown", () => {
    expect(canaries.unseen).toEqual([]);
    expect(canaries.count).toBeGreaterThanOrEqual(50);
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
    expectNone(formsOfError(error));
  });

  test("in all, more than fifty canaries are planted", () => {
    expect(canaries.count).toBeGreaterThanOrEqual(50);
  });
});
