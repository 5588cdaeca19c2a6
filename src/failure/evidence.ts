import { finishMeaning } from "./finish-reason.js";
import { looksLikeJson, messageInBrokenJson, parseInside } from "./json-text.js";
import { pageTitle } from "./page.js";

/** More nesting, more nodes or longer texts than these are not read: a hostile body must not cost time. */
const MAX_DEPTH = 16;
const MAX_NODES = 64;
const MAX_TEXT = 4 * 1024;
const MAX_CODE = 64;

/** What an error body says, picked field by field out of whatever shape it has. */
export interface Evidence {
  /** The body held an error, or at least a text. */
  found: boolean;
  /** It was JSON, or an object; false for pages and plain text. */
  structured: boolean;
  /** Messages from the outermost to the innermost, each at most 4 KiB. */
  texts: string[];
  /** String codes and types from the outermost to the innermost. */
  codes: string[];
  /** `error.code` as an integer, or `error.http_status`. */
  status?: number;
  errorType?: string;
  limitSource?: string;
  /** `metadata.reason` */
  reason?: string;
  availability?: { code: string; retryable: boolean; excludedByContext: boolean };
  /** `metadata.provider_name` */
  providerName?: string;
  /** `provider` of the chunk that carried the error. */
  chunkProvider?: string;
  /** An upstream provider's own words are inside (`metadata.raw`). */
  wrapped: boolean;
  /** OpenRouter's moderation gave `reasons`. */
  moderated: boolean;
  /** A guardrail gave `patterns`. */
  guarded: boolean;
  /** A chat completion that ended in `content_filter`, sent as an error. */
  filtered: boolean;
  /** llama.cpp's `n_ctx` and `n_prompt_tokens`. */
  contextTokens?: number;
  promptTokens?: number;
  /** The outermost error object, for the sources of a delay. */
  error?: Fields;
  /** Values that identify the account or quote the prompt, never to be repeated. */
  withheld: string[];
}

const ERROR_KEYS = [
  "message",
  "msg",
  "code",
  "status",
  "http_status",
  "error_type",
  "metadata",
  "availability",
];

export type Fields = Readonly<Record<string, unknown>>;

/** Reads an error body of any shape: text, JSON text or parsed JSON. */
export function readEvidence(body: unknown): Evidence {
  const evidence: Evidence = {
    found: false,
    structured: false,
    texts: [],
    codes: [],
    wrapped: false,
    moderated: false,
    guarded: false,
    filtered: false,
    withheld: [],
  };
  new Reader(evidence).visit(body, 0);
  evidence.found ||= evidence.texts.length > 0 || evidence.error !== undefined || evidence.filtered;
  return evidence;
}

class Reader {
  #nodes = 0;
  readonly #evidence: Evidence;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  visit(value: unknown, depth: number): void {
    if (depth > MAX_DEPTH || ++this.#nodes > MAX_NODES) return;
    if (typeof value === "string") this.#text(value, depth);
    else if (Array.isArray(value)) for (const item of value.slice(0, 3)) this.visit(item, depth + 1);
    else if (isFields(value)) this.#object(value, depth);
  }

  #text(text: string, depth: number): void {
    const { texts } = this.#evidence;
    const inside = parseInside(text);
    const before = texts.length;
    if (inside) this.visit(inside.value, depth + 1);
    if (texts.length > before) return;
    const plain = inside ? inside.prefix : text;
    const broken = looksLikeJson(plain);
    if (broken) this.#evidence.structured = true;
    const words = pageTitle(plain) ?? (broken ? messageInBrokenJson(plain) : plain);
    if (words?.trim()) texts.push(words.trim().slice(0, MAX_TEXT));
  }

  #object(body: Fields, depth: number): void {
    const evidence = this.#evidence;
    evidence.structured = true;
    const choice = firstOf(own(body, "choices"));
    const finish = text(own(choice, "finish_reason"));
    if (finish && finishMeaning(finish) === "content_filter") evidence.filtered = true;
    const chunkProvider = text(own(body, "provider"));
    if (chunkProvider) evidence.chunkProvider ??= chunkProvider;
    this.#withhold(own(body, "user_id"));

    const errors = [own(body, "error"), own(choice, "error"), own(body, "errors"), own(body, "detail")];
    const inner = errors.filter((error) => error !== undefined && error !== null && error !== "");
    if (inner.length > 0) evidence.found = true;
    // Without an envelope the object is the error itself (vLLM, and what an upstream sends as `raw`).
    if (inner.length === 0 || ERROR_KEYS.some((key) => own(body, key) !== undefined))
      this.#error(body, depth);
    for (const error of inner) {
      const status = integer(error);
      if (status !== undefined) evidence.status ??= status;
      else this.visit(error, depth + 1);
    }
    this.visit(own(body, "innererror"), depth + 1);
  }

  #error(error: Fields, depth: number): void {
    const evidence = this.#evidence;
    const message = own(error, "message") ?? own(error, "msg");
    const metadata = isFields(own(error, "metadata")) ? (own(error, "metadata") as Fields) : undefined;
    if (ERROR_KEYS.some((key) => own(error, key) !== undefined)) evidence.error ??= error;

    const status =
      integer(own(error, "code")) ?? integer(own(error, "http_status")) ?? integer(own(error, "status"));
    if (status !== undefined) evidence.status ??= status;
    this.#codes(error, metadata);
    this.#availability(own(error, "availability"));
    const promptTokens = integer(own(error, "n_prompt_tokens"), 1e9);
    const contextTokens = integer(own(error, "n_ctx"), 1e9);
    if (promptTokens !== undefined) evidence.promptTokens ??= promptTokens;
    if (contextTokens !== undefined) evidence.contextTokens ??= contextTokens;

    this.visit(message, depth + 1);
    if (metadata) this.#metadata(metadata, depth);
  }

  #codes(error: Fields, metadata: Fields | undefined): void {
    const evidence = this.#evidence;
    const errorType = code(own(metadata, "error_type")) ?? code(own(error, "error_type"));
    if (errorType) evidence.errorType ??= errorType;
    const candidates = [
      own(error, "code"),
      own(error, "type"),
      own(error, "status"),
      own(error, "name"),
      own(metadata, "provider_code"),
      own(metadata, "provider_error_code"),
    ];
    for (const candidate of candidates) {
      const name = code(candidate);
      // "error" and "about:blank" name the shape, not the fault.
      if (name && name !== "error" && name !== "about:blank" && integer(name) === undefined)
        evidence.codes.push(name);
    }
  }

  #metadata(metadata: Fields, depth: number): void {
    const evidence = this.#evidence;
    const providerName = text(own(metadata, "provider_name"));
    if (providerName) evidence.providerName ??= providerName;
    const limitSource = code(own(metadata, "limit_source"));
    if (limitSource) evidence.limitSource ??= limitSource;
    const reason = code(own(metadata, "reason"));
    if (reason) evidence.reason ??= reason;
    if (Array.isArray(own(metadata, "reasons"))) evidence.moderated = true;
    if (Array.isArray(own(metadata, "patterns"))) evidence.guarded = true;
    this.#withhold(own(metadata, "flagged_input"));
    const raw = own(metadata, "raw");
    if (raw === undefined || raw === null || raw === "") return;
    evidence.wrapped = true;
    this.visit(raw, depth + 1);
  }

  #availability(value: unknown): void {
    if (!isFields(value)) return;
    const name = code(own(value, "code"));
    if (!name) return;
    const excludedBy = own(value, "excluded_by");
    this.#evidence.availability ??= {
      code: name,
      retryable: own(value, "retryable") === true,
      excludedByContext: Array.isArray(excludedBy) && excludedBy.slice(0, 32).includes("context_length"),
    };
  }

  #withhold(value: unknown): void {
    if (typeof value === "string" && value.length >= 6)
      this.#evidence.withheld.push(value.slice(0, MAX_TEXT));
  }
}

/** A field of the object itself: never one of its prototype. */
export function own(object: unknown, key: string): unknown {
  return isFields(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() ? value : undefined;
}

/** A name that is safe to show and to compare. */
export function code(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= MAX_CODE && /^[\w.:/-]+$/.test(value)
    ? value
    : undefined;
}

/** A whole number from 100 to `max` as number or digits. */
export function integer(value: unknown, max = 999): number | undefined {
  const number = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 100 && number <= max
    ? number
    : undefined;
}
