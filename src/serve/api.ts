import type { CallIndex } from "./call-index.js";
import { linesOf } from "./call-lines.js";
import { QueryError, queryOf, rangeOf, select } from "./call-query.js";
import { failureOf, type KeptCall, rowOf, targetOf } from "./kept-call.js";
import { overviewOf } from "./overview.js";
import type { CallReply, CallsReply, OverviewReply } from "./wire.js";

export interface Reply {
  status: 200 | 400 | 404;
  body: unknown;
}

const MOST_CHOICES = 200;
const CALL = /^\/api\/calls\/([^/]{1,200})$/;

/** The answers to what the page asks, apart from HTTP. */
export class Api {
  readonly #dir: string;
  readonly #index: CallIndex;
  #overview: { key: string; reply: Promise<OverviewReply> } | undefined;

  constructor(dir: string, index: CallIndex) {
    this.#dir = dir;
    this.#index = index;
  }

  async answer({ pathname, searchParams }: URL, signal: AbortSignal): Promise<Reply> {
    try {
      if (pathname === "/api/overview") return { status: 200, body: await this.#overviewOf(searchParams) };
      if (pathname === "/api/calls") return { status: 200, body: this.#callsOf(searchParams) };
      const [, name] = CALL.exec(pathname) ?? [];
      if (name !== undefined) return await this.#callOf(decoded(name), signal);
      return { status: 404, body: { error: "there is no such address" } };
    } catch (error) {
      if (error instanceof QueryError) return { status: 400, body: { error: error.message } };
      throw error;
    }
  }

  /** Many pages, or one that is told of many changes, cost as much as one. */
  #overviewOf(parameters: URLSearchParams): Promise<OverviewReply> {
    const range = rangeOf(parameters);
    const journal = this.#index.state;
    const key = `${range.from} ${range.to} ${journal.version}`;
    if (this.#overview?.key !== key) {
      const reply = overviewOf(this.#index.calls, range).then((report) => ({ journal, report }));
      this.#overview = { key, reply };
    }
    return this.#overview.reply;
  }

  #callsOf(parameters: URLSearchParams): CallsReply {
    const query = queryOf(parameters);
    const { calls } = this.#index;
    const selected = select(calls, query);
    return {
      journal: this.#index.state,
      calls: selected.calls.map(rowOf),
      next: selected.next,
      choices: choicesOf(calls),
    };
  }

  async #callOf(callId: string, signal: AbortSignal): Promise<Reply> {
    const call = this.#index.find(callId);
    if (!call) return { status: 404, body: { error: "this call is not among those that are kept" } };
    const lines = await linesOf(this.#dir, this.#index.filesOf(call), call, signal);
    const reply: CallReply = { callId, state: call.state, lines };
    for (const { entry } of lines) {
      if (entry.event === "request.start") reply.start = entry.start;
      if (entry.event === "request.end" && "record" in entry) reply.record = entry.record;
    }
    return { status: 200, body: reply };
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new QueryError("the call's id is not encoded as a URL wants it");
  }
}

/** Of the latest calls: a filter is for what happens now. */
function choicesOf(calls: readonly KeptCall[]): CallsReply["choices"] {
  const targets = new Set<string>();
  const failures = new Set<string>();
  const labels = new Set<string>();
  const add = (set: Set<string>, value: string | undefined) => {
    if (value !== undefined && set.size < MOST_CHOICES) set.add(value);
  };
  for (const call of calls.slice(-5_000)) {
    add(targets, targetOf(call));
    add(failures, failureOf(call));
    for (const pair of Object.entries(call.labels)) add(labels, pair.join("="));
  }
  const sorted = (set: Set<string>) => [...set].sort();
  return { targets: sorted(targets), failures: sorted(failures), labels: sorted(labels) };
}
