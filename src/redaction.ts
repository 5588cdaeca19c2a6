const REDACTED = "[redacted]";
const ECHO = "[echo removed]";

/** Shorter secrets are not looked for: they would blank out ordinary words. */
const MIN_SECRET = 4;
/** Characters of a run that counts as an echo of the prompt. */
const RUN = 16;
/** Longer prompts are searched in their first and last half of this many characters only. */
const MAX_PROMPT = 4 * 1024 * 1024;

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

const KEY_SHAPES: readonly [RegExp, string][] = [
  [/\b(?:sk|rk|pk)-[\w*.-]{8,}/g, REDACTED],
  [/\b(?:gsk|hf|r8|fw)_\w{8,}/g, REDACTED],
  [/\b(?:xai|pplx|nvapi|csk)-[\w-]{8,}/g, REDACTED],
  [/\bAIza[\w-]{20,}/g, REDACTED],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [
    /([?&;](?:api[-_]?key|key|token|access[-_]?token|secret|password|sig|signature|auth)=)[^&\s"'#]+/gi,
    `$1${REDACTED}`,
  ],
  [
    /\b((?:api[-_ ]?key|authorization)(?: provided)?["']? ?[:=] ?["']?)(?!\[redacted\]|bearer\b|basic\b)[^\s"',}]{6,}/gi,
    `$1${REDACTED}`,
  ],
  [/:\/\/[^\s/@]+@/g, `://${REDACTED}@`],
];

export interface RedactOptions {
  /** Exact values to remove, such as API keys; their JSON, URL and base64 forms go too. At least 4 characters each. */
  secrets: readonly string[];
  /**
   * The text that was sent. Runs of at least 16 characters of it are removed, and white space is collapsed to single
   * spaces to find them. Of a prompt over 4 Mi characters only the first and the last 2 Mi are searched.
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
  return prompt ? withoutEcho(result, prompt) : result;
}

/**
 * One printable line: no control characters, terminal sequences, bidi controls or lone surrogates, white space
 * collapsed, cut to `max` UTF-16 units with "…".
 */
export function sanitizeText(text: string, max: number): string {
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
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < MIN_SECRET) continue;
    const bytes = Buffer.from(secret);
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    // By way of the bytes, since encodeURIComponent throws on a lone surrogate.
    forms.add(encodeURIComponent(bytes.toString()));
    forms.add(new URLSearchParams({ "": secret }).toString().slice(1));
    forms.add(bytes.toString("base64").replace(/=+$/, ""));
    forms.add(bytes.toString("base64url"));
  }
  // A secret may be part of another one: the longer must go first.
  return [...forms].sort((a, b) => b.length - a.length);
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

function withoutEcho(text: string, prompt: string): string {
  const line = text.replace(/\s+/g, " ");
  if (line.length < RUN) return line;
  const places = new Map<string, number[]>();
  for (let at = 0; at + RUN <= line.length; at++) {
    const run = line.slice(at, at + RUN);
    const known = places.get(run);
    if (known) known.push(at);
    else places.set(run, [at]);
  }
  const echoed = new Uint8Array(line.length);
  for (const piece of piecesOf(prompt)) {
    for (const run of runsIn(piece.replace(/\s+/g, " "), new Set(places.keys()))) {
      for (const at of places.get(run) ?? []) echoed.fill(1, at, at + RUN);
    }
  }
  return withoutMarked(line, echoed);
}

function piecesOf(prompt: string): string[] {
  if (prompt.length <= MAX_PROMPT) return [prompt];
  return [prompt.slice(0, MAX_PROMPT / 2), prompt.slice(-MAX_PROMPT / 2)];
}

const BASE = 0x01000193;

/** The wanted runs that occur in `text`, by a rolling hash: one pass whatever the text repeats (Rabin–Karp). */
function runsIn(text: string, wanted: Set<string>): string[] {
  const found: string[] = [];
  const byHash = new Map<number, string[]>();
  for (const run of wanted) {
    const hash = hashOf(run);
    byHash.set(hash, [...(byHash.get(hash) ?? []), run]);
  }
  let leading = 1;
  for (let i = 1; i < RUN; i++) leading = Math.imul(leading, BASE);
  let hash = hashOf(text.slice(0, RUN));
  for (let at = 0; at + RUN <= text.length; at++) {
    const candidates = byHash.get(hash);
    if (candidates) {
      const run = text.slice(at, at + RUN);
      const index = candidates.indexOf(run);
      if (index >= 0) {
        found.push(run);
        // Once is enough; without this a monotonous prompt would be compared at every place.
        candidates.splice(index, 1);
        if (candidates.length === 0) byHash.delete(hash);
        if (byHash.size === 0) break;
      }
    }
    hash = (hash - Math.imul(text.charCodeAt(at), leading)) | 0;
    hash = (Math.imul(hash, BASE) + text.charCodeAt(at + RUN)) | 0;
  }
  return found;
}

function hashOf(run: string): number {
  let hash = 0;
  for (let i = 0; i < run.length; i++) hash = (Math.imul(hash, BASE) + run.charCodeAt(i)) | 0;
  return hash;
}

function withoutMarked(text: string, marked: Uint8Array): string {
  let result = "";
  for (let at = 0; at < text.length; at++) {
    if (!marked[at]) result += text[at];
    else if (at === 0 || !marked[at - 1]) result += ECHO;
  }
  return result;
}
