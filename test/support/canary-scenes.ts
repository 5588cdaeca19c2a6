import type { ChatRequest } from "../../src/chain.js";
import type { ModelScript } from "../../src/testing/index.js";
import { Canaries } from "./canaries.js";

export const canaries = new Canaries();
export const KEY = canaries.key("api key");
export const BARE_KEY = canaries.secret("api key of no shape");
export const ODD_KEY = canaries.odd("api key of odd signs");
export const HEADER = canaries.secret("header x-api-token");
export const COOKIE = canaries.secret("header cookie");
export const DEFAULT_HEADER = canaries.secret("default header x-auth");
export const ABORT = canaries.words("abort reason");
export const SINK = canaries.secret("database password of a sink");
export const PROXY = canaries.secret("password of a proxy");
export const FETCH = canaries.words("fetch error");
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
  picture: canaries.words("picture in a data URL"),
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
  details: canaries.words("reasoning details history"),
  refused: canaries.words("refusal history"),
  speaker: canaries.words("name of a speaker"),
  cached: canaries.words("cached part of the system prompt"),
  prediction: canaries.words("predicted answer"),
  place: canaries.words("place of the search"),
  choice: canaries.words("choice of a parameter"),
  preset: canaries.words("default of a parameter"),
  example: canaries.words("example of a parameter"),
  sound: canaries.words("sound"),
};

export const request: ChatRequest = {
  messages: [
    { role: "system", content: P.system },
    {
      role: "system",
      content: [{ type: "text", text: P.cached, cache_control: { type: "ephemeral" } }],
    } as never,
    {
      role: "user",
      name: P.speaker,
      content: [
        { type: "text", text: P.user },
        { type: "image_url", image_url: { url: `https://example.com/${encodeURIComponent(P.image)}.png` } },
        {
          type: "image_url",
          image_url: { url: `data:image/png;base64,${Buffer.from(P.picture).toString("base64")}` },
        },
        {
          type: "input_audio",
          input_audio: { data: Buffer.from(P.sound).toString("base64"), format: "wav" },
        },
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
    {
      role: "assistant",
      content: "Well.",
      refusal: P.refused,
      reasoning: P.thoughts,
      reasoning_details: [{ type: "reasoning.text", text: P.details }],
    } as ChatRequest["messages"][number],
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
          properties: {
            q: { type: "string", description: P.parameter },
            kind: { enum: [P.choice, "other"], default: P.preset, examples: [P.example] },
          },
          required: ["q"],
        },
      },
    },
  ],
  stop: [P.stop],
  metadata: { note: P.metadata },
  user: P.endUser,
  prediction: { type: "content", content: P.prediction },
  web_search_options: { user_location: { type: "approximate", approximate: { city: P.place } } },
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
const { file: _, picture: __, sound: ___, ...quoted } = P;
const prompts = Object.values(quoted).join(" / ");
export const echoOf = (key: string) =>
  `Rejected: ${[key, HEADER, COOKIE, DEFAULT_HEADER, Buffer.from(key).toString("base64")].join(" / ")} // ${prompts}`;
export const http = (status: number, error: object, headers: Record<string, string> = {}): ModelScript => ({
  fault: "http",
  status,
  body: { error: { code: status, ...error } },
  headers,
});

/** What a provider does with the key it was given, and with an echo of all it was given. */
export type Misdeed = (key: string, echo: string) => ModelScript;

export type Scene = [name: string, misdeed: Misdeed, request?: ChatRequest];

/** Everything a provider may do with the key and the prompt it was given. */
export const SCENES: Scene[] = [
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
  ...Object.entries(quoted).map(
    ([what, words]): Scene => [
      `422 that echoes the ${what}`,
      () => http(422, { message: `Invalid input: ${words}.` }),
      what === "schema" ? asksJson : request,
    ],
  ),
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
