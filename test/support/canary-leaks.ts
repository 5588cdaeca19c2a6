import type { ModelScript } from "../../src/testing/index.js";
import { COOKIE, canaries, http, type Scene } from "./canary-scenes.js";

/** Of the provider and of whoever stands behind it; nobody has told us of them. */
const THEIRS = {
  cookie: canaries.secret("cookie set by the server"),
  query: canaries.secret("key in the query of an upstream URL"),
  password: canaries.secret("password in an upstream URL"),
  bearer: canaries.secret("bearer token of an upstream"),
  header: canaries.secret("api key header of an upstream"),
  shaped: canaries.key("key of an upstream"),
};

/** How a key may come back that was sent as it is. */
const FORMS: [string, (key: string) => string][] = [
  ["JSON", (key) => JSON.stringify(key)],
  ["JSON in JSON", (key) => JSON.stringify(JSON.stringify({ headers: { key } }))],
  ["a URL", (key) => `https://upstream.invalid/v1?x=${encodeURIComponent(key)}&y`],
  [
    "lower-case percent signs",
    (key) => encodeURIComponent(key).replace(/%../g, (code) => code.toLowerCase()),
  ],
  ["a form", (key) => new URLSearchParams({ x: key }).toString()],
  ["base64", (key) => Buffer.from(key).toString("base64")],
  ["base64url", (key) => Buffer.from(key).toString("base64url")],
  ["basic authorization", (key) => `Basic ${Buffer.from(`user:${key}`).toString("base64")}`],
  ["HTML", (key) => key.replace(/["&'<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)],
  ["named HTML entities", (key) => entities(key)],
  ["hexadecimal HTML", (key) => key.replace(/["&'<>]/g, (sign) => `&#x${sign.charCodeAt(0).toString(16)};`)],
  ["hexadecimal", (key) => Buffer.from(key).toString("hex")],
  ["quotes that are escaped", (key) => key.replace(/["'\\]/g, "\\$&")],
];

const NAMES: Record<string, string> = {
  '"': "&quot;",
  "&": "&amp;",
  "'": "&#39;",
  "<": "&lt;",
  ">": "&gt;",
};
const entities = (text: string) => text.replace(/["&'<>]/g, (sign) => NAMES[sign] as string);

const events = (...chunks: object[]): ModelScript => ({
  fault: "http",
  status: 200,
  headers: { "Content-Type": "text/event-stream" },
  body: `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`,
});

/** Secrets in other forms, of other people, and in places where a name belongs. */
export const LEAKS: Scene[] = [
  ...FORMS.map(
    ([form, write], i): Scene =>
      i % 2 === 0
        ? [
            `401 that echoes the key as ${form}`,
            (key) => http(401, { message: `No such key: ${write(key)} (sent)` }),
          ]
        : [
            `an upstream's 500 that echoes the key as ${form}`,
            (key) =>
              http(500, {
                message: "Provider returned error",
                metadata: { raw: write(key), provider_name: "X" },
              }),
          ],
  ),
  [
    "a cookie set by the server, and ours that comes back as one",
    () => http(503, { message: "busy" }, { "Set-Cookie": `sid=${THEIRS.cookie}; HttpOnly`, "X-Set": COOKIE }),
  ],
  [
    "an answer under a cookie that breaks off",
    () =>
      ({
        ...events({ id: "gen-1", choices: [{ index: 0, delta: { content: "Well" } }] }),
        headers: { "Content-Type": "text/event-stream", "Set-Cookie": `sid=${THEIRS.cookie}` },
      }) as ModelScript,
  ],
  [
    "502 that tells secrets of its own",
    () =>
      http(502, {
        message: `GET https://u:${THEIRS.password}@up.invalid/v1?api_key=${THEIRS.query}&n=1 with Authorization: Bearer ${THEIRS.bearer}, "x-api-key": "${THEIRS.header}", and ${THEIRS.shaped}`,
      }),
  ],
  [
    "an answer whose every name is the key",
    (key) =>
      events(
        { id: key, model: key, provider: key, choices: [{ index: 0, delta: { content: "Hi" } }] },
        { id: key, model: key, provider: key, choices: [{ index: 0, delta: {}, finish_reason: key }] },
      ),
  ],
  [
    "a tool call named after the key",
    (key) => ({ toolCalls: [{ id: key, name: key, arguments: { q: key } }] }),
  ],
  ["an error event named after the key", (key) => events({ error: { code: key, message: key, type: key } })],
  [
    "retry advice that is the key",
    (key) =>
      http(429, { message: "slow down", metadata: { headers: { "Retry-After": key }, remedy_hint: key } }),
  ],
];
