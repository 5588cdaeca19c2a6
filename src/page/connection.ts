import type { CallReply, CallsReply, JournalState, LiveMessage, OverviewReply } from "../serve/wire.js";

const KEY = "open-router-audit-token";
/** The server says something every 5 s. */
const SILENT_MS = 15_000;
const MOST_WAIT_MS = 10_000;

/** The server does not know the token. */
export class WrongToken extends Error {}

/** The server said no, and why. */
export class Refused extends Error {}

/** Takes the token out of the address, where it would be seen and kept; the tab remembers it. */
export function takeToken(): string | null {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const given = parameters.get("token");
  if (given !== null) {
    sessionStorage.setItem(KEY, given);
    parameters.delete("token");
    history.replaceState(null, "", location.pathname + (parameters.size > 0 ? `#${parameters}` : ""));
  }
  return sessionStorage.getItem(KEY);
}

export interface Trouble {
  onMessage(journal: JournalState): void;
  onConnected(connected: boolean): void;
  onWrongToken(): void;
}

/** The server's side of the page. */
export class Connection {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  overview(parameters: Record<string, string>, signal: AbortSignal): Promise<OverviewReply> {
    return this.#get(`/api/overview?${new URLSearchParams(parameters)}`, signal);
  }

  calls(parameters: Record<string, string>, signal: AbortSignal): Promise<CallsReply> {
    return this.#get(`/api/calls?${new URLSearchParams(parameters)}`, signal);
  }

  call(callId: string, signal: AbortSignal): Promise<CallReply> {
    return this.#get(`/api/calls/${encodeURIComponent(callId)}`, signal);
  }

  /** Tells of changes until the signal is aborted; comes back when the server does. */
  async follow({ onMessage, onConnected, onWrongToken }: Trouble, signal: AbortSignal): Promise<void> {
    for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, MOST_WAIT_MS)) {
      try {
        for await (const message of this.#live(signal)) {
          waitMs = 500;
          onConnected(true);
          if (message.type === "changed") onMessage(message.journal);
        }
      } catch (error) {
        if (error instanceof WrongToken) return onWrongToken();
      }
      if (signal.aborted) return;
      onConnected(false);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  async *#live(signal: AbortSignal): AsyncGenerator<LiveMessage> {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENT_MS);
    try {
      const response = await this.#fetch("/api/live", AbortSignal.any([signal, silent.signal]));
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; reader; ) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENT_MS);
        const lines = (rest + value).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line) as LiveMessage;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #get<T>(path: string, signal: AbortSignal): Promise<T> {
    return (await this.#fetch(path, signal)).json() as Promise<T>;
  }

  async #fetch(path: string, signal: AbortSignal): Promise<Response> {
    const response = await fetch(path, {
      headers: { authorization: `Bearer ${this.#token}` },
      cache: "no-store",
      signal,
    });
    if (response.ok) return response;
    const { error = response.statusText } = (await response.json().catch(() => ({}))) as { error?: string };
    throw response.status === 401 ? new WrongToken(error) : new Refused(error);
  }
}
