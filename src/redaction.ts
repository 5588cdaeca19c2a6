import { withoutEchoes } from "./failure/echo.js";

const REDACTED = "[redacted]";

/** Shorter secrets are not looked for: they would blank out ordinary words. */
const MIN_SECRET = 4;

const ESCAPE = String.fromCharCode(27);
const CSI = String.fromCharCode(0x9b);
const BELL = String.fromCharCode(7);
// CSI sequences (colours, cursor) and OSC sequences (titles, links); adjacent classes are disjoint, so both are linear.
const ANSI = new RegExp(
  `(?:${ESCAPE}\\[|${CSI})[0-?]*[ -/]*[@-~]|${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?`,
  "g",
);
// Bidi controls can make a log line read as something else; U+200B, U+2060, U+FEFF and the tag block are invisible.
const INVISIBLE = /[\p{Bidi_Control}\u200b\u2060\ufeff\u{e0000}-\u{e007f}]/gu;

/** What stands where a key might, and says what is wrong with it: that should be read. */
const COMPLAINT =
  /(?!(?:authentication|authorization|credentials?|required|invalid|missing|expired|disabled|revoked|incorrect)[.;:]?(?![^\s"',}]))/
    .source;

const KEY_SHAPES: readonly [RegExp, string][] = [
  [/\b(?:sk|rk|pk)-[\w*.-]{8,}/g, REDACTED],
  [/\b(?:gsk|hf|r8|fw)_\w{8,}/g, REDACTED],
  [/\b(?:xai|pplx|nvapi|csk)-[\w-]{8,}/g, REDACTED],
  [/\bAIza[\w-]{20,}/g, REDACTED],
  [new RegExp(`\\b(Bearer|Basic) +${COMPLAINT}[\\w.~+/=-]{8,}`, "gi"), `$1 ${REDACTED}`],
  [
    /([?&;](?:api[-_]?key|key|token|access[-_]?token|secret|password|sig|signature|auth)=)[^&\s"'#]+/gi,
    `$1${REDACTED}`,
  ],
  [
    new RegExp(
      `\\b((?:api[-_ ]?key|authorization)(?: provided)?["']? ?[:=] ?["']?)(?!\\[redacted\\]|bearer\\b|basic\\b)${COMPLAINT}[^\\s"',}]{6,}`,
      "gi",
    ),
    `$1${REDACTED}`,
  ],
  [/:\/\/[^\s/]+@/g, `://${REDACTED}@`],
];

export interface RedactOptions {
  /** Exact values to remove, such as API keys; their JSON, URL, HTML, base64 and hex forms go too. At least 4 characters each. */
  secrets: readonly string[];
  /**
   * The text that was sent. Runs of at least 16 characters of it are removed: see `withoutEchoes`, which searches it
   * once for several texts.
   */
  prompt?: string;
}

/**
 * Removes secrets, whatever looks like a key, and echoes of the prompt from a text meant for people and logs.
 * Linear in the length of text and prompt. A secret that a cut left incomplete at the end of the text goes too.
 */
export function redact(text: string, { secrets, prompt }: RedactOptions): string {
  let result = text;
  for (const secret of formsOf(secrets)) {
    result = result.replaceAll(secret, REDACTED);
    result = withoutCutSecret(result, secret);
  }
  for (const [shape, replacement] of KEY_SHAPES) result = result.replace(shape, replacement);
  return prompt ? (withoutEchoes([result], prompt)[0] as string) : result;
}

/** What is one printable line as it is: nearly every name is, and need not be searched for all that it could hide. */
const PRINTABLE = /^[!-~]+(?: [!-~]+)*$/;

/**
 * One printable line: no control characters, terminal sequences, bidi controls or lone surrogates, white space
 * collapsed, cut to `max` UTF-16 units with "…".
 */
export function sanitizeText(text: string, max: number): string {
  if (text.length <= max && PRINTABLE.test(text)) return text;
  const line = text
    .slice(0, 8 * max)
    .replace(ANSI, "")
    .replace(INVISIBLE, "")
    .replace(/[\p{Cc}\u2028\u2029]/gu, " ")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/\s+/g, " ")
    .trim();
  if (line.length <= max) return line;
  // Half a surrogate pair would be left over when the cut falls inside one.
  return `${line.slice(0, Math.max(0, max - 1)).replace(/[\ud800-\udbff]$/, "")}…`;
}

function formsOf(secrets: readonly string[]): string[] {
  const forms = new Set(secrets.filter(({ length }) => length >= MIN_SECRET).flatMap(formsOfOne));
  // A secret may be part of another one: the longer must go first.
  return [...forms].sort((a, b) => b.length - a.length);
}

/** Every name that a provider gives itself is searched for them, and they stay what they are. */
const known = new Map<string, readonly string[]>();
const MAX_KNOWN = 1_000;

function formsOfOne(secret: string): readonly string[] {
  const found = known.get(secret);
  if (found) return found;
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  // By way of the bytes, since encodeURIComponent throws on a lone surrogate.
  const url = encodeURIComponent(bytes.toString());
  const hex = bytes.toString("hex");
  const forms = [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    // As PHP writes JSON, and as Go and Rails do.
    json.replaceAll("/", "\\/"),
    json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
    secret.replace(/[\\'"]/g, "\\$&"),
    url,
    url.replace(/%../g, (code) => code.toLowerCase()),
    new URLSearchParams({ "": secret }).toString().slice(1),
    asHtml(secret, (sign) => ENTITIES[sign] as string),
    asHtml(secret, (sign) => `&#${sign.charCodeAt(0)};`),
    asHtml(secret, (sign) => `&#x${sign.charCodeAt(0).toString(16)};`),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    hex,
    hex.toUpperCase(),
  ];
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(secret, [...new Set(forms)]);
  return forms;
}

const ENTITIES: Record<string, string> = {
  '"': "&quot;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

function asHtml(text: string, entity: (sign: string) => string): string {
  return text.replace(/["'&<>]/g, entity);
}

function withoutCutSecret(text: string, secret: string): string {
  const end = text.endsWith("…") ? text.length - 1 : text.length;
  for (let length = Math.min(secret.length - 1, end); length >= MIN_SECRET + 2; length--) {
    if (text.startsWith(secret.slice(0, length), end - length)) {
      return text.slice(0, end - length) + REDACTED + text.slice(end);
    }
  }
  return text;
}
