import { BLIND_MS, type LagMeter, UNREAD_MS } from "./lag.js";
import type { ContentPart, ProviderPart, Throughput } from "./types.js";

/**
 * Tells a stream that has begun and brings too little: no window that ended lately brought its tokens. A stream that is
 * too slow from some moment on is told within two windows. Content moves numbers and sets no timer.
 */
export class ThroughputGuard {
  /** As given, or longer, such that a whole number of tokens fills it at just the rate. */
  readonly windowMs: number;
  readonly #lag: LagMeter;
  readonly #needed: number;
  readonly #unreadMs: number;
  /** How long a stream may lag behind before it is doubted: bursts come early and late, and are no worse for it. */
  readonly #patienceMs: number;
  /** What came in the last window, no more of it than is needed. Times are the stream's own, see `#time`. */
  readonly #arrivals: { at: number; tokens: number }[] = [];
  #tokens = 0;
  #dueAt = 0;
  #doubted = false;
  #pausedMs = 0;
  #pausedAt = 0;
  #pausedTime = 0;

  constructor({ rate, windowMs }: Throughput, lag: LagMeter) {
    this.#lag = lag;
    // Rounding must not ask for a token more than the rate does.
    this.#needed = Math.max(1, Math.ceil((rate * windowMs) / 1_000 - 1e-6));
    this.windowMs = Math.max(windowMs, (this.#needed * 1_000) / rate);
    this.#unreadMs = Math.min(UNREAD_MS, this.windowMs / 2);
    this.#patienceMs = Math.max(this.windowMs / 2, Math.min(this.windowMs, BLIND_MS) - this.#unreadMs);
  }

  /** A window begins, with nothing in it. */
  restart(now: number): void {
    this.#arrivals.length = 0;
    this.#tokens = 0;
    this.#fastUntil(this.#time(now) + this.windowMs);
  }

  add(parts: readonly ProviderPart[], now: number): void {
    const at = this.#time(now);
    const tokens = this.#count(parts);
    this.#arrivals.push({ at, tokens });
    this.#tokens += tokens;
    for (let oldest = this.#arrivals[0]; oldest; oldest = this.#arrivals[0]) {
      const rest = this.#tokens - oldest.tokens;
      if (oldest.at > at - this.windowMs && rest < this.#needed) break;
      this.#tokens = rest;
      this.#arrivals.shift();
    }
    const oldest = this.#arrivals[0];
    if (oldest && this.#tokens >= this.#needed) this.#fastUntil(oldest.at + this.windowMs);
  }

  /** When the stream is too slow, unless more comes. */
  dueAt(now: number): number {
    return this.#dueAt + this.#heldUpMs(now);
  }

  /** When to look once more before a stream that is due is called too slow; undefined: this was done. */
  again(now: number): number | undefined {
    if (this.#doubted) return undefined;
    this.#doubted = true;
    this.#dueAt = this.#time(now) + this.#unreadMs;
    return this.dueAt(now);
  }

  paused(now: number): void {
    this.#pausedAt = now;
    this.#pausedTime = this.#time(now);
  }

  /** A pause stops the window; one as long as the window starts it over, since the upstream was held up too. */
  resumed(now: number): void {
    this.#pausedMs += Math.max(0, this.#time(now) - this.#pausedTime);
    if (now - this.#pausedAt >= this.windowMs) this.restart(now);
  }

  #fastUntil(time: number): void {
    this.#dueAt = time + this.#patienceMs;
    this.#doubted = false;
  }

  /** Time that the stream had: neither lost to our own event loop, nor spent while nobody read. */
  #time(now: number): number {
    return now - this.#heldUpMs(now);
  }

  #heldUpMs(now: number): number {
    return this.#lag.mostLostMs(now) + this.#pausedMs;
  }

  #count(parts: readonly ProviderPart[]): number {
    let tokens = 0;
    for (const part of parts) {
      if (part.type === "file") tokens += this.#needed;
      else if (isWritten(part)) tokens += tokensIn(part.type === "toolCall" ? part.arguments : part.text);
    }
    return tokens;
  }
}

type Written = Exclude<ContentPart, { type: "file" }>;

function isWritten(part: ProviderPart): part is Written {
  if (part.type === "toolCall") return true;
  return (part.type === "text" || part.type === "thoughts") && part.text !== "";
}

/** About as many as there are: a token is four characters of English, two of other alphabets, one of Chinese; at least 1. */
function tokensIn(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    quarters += code < 0x80 ? 1 : code < 0x2e80 ? 2 : 4;
  }
  return Math.max(1, quarters / 4);
}
