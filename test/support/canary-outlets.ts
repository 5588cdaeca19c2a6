import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { pino } from "pino";
import {
  type AuditSink,
  type ChatRequest,
  type FallbackChain,
  type FallbackChainOptions,
  journalAudit,
  jsonlAudit,
  memoryAudit,
  pinoAudit,
} from "../../src/chain.js";
import type { Telemetry } from "../../src/observer.js";
import { telemetryTexts } from "./telemetry-texts.js";

/** A text, and where it was found. */
export type Shown = [where: string, text: string];

/** One way out of the process, or to a reader who is not the caller. */
export interface Outlet {
  audit?: AuditSink;
  logger?: FallbackChainOptions["logger"];
  telemetry?: Telemetry;
  /** Asked once the calls are over, before the chain is closed. */
  during?(chain: FallbackChain, request: ChatRequest): Shown[];
  /** Asked when the chain is closed. */
  after?(): Shown[] | Promise<Shown[]>;
}

/** All of them; what is added here is searched after every scene. */
export function outlets(folder: string): Outlet[] {
  return [
    log(),
    memory(),
    file(folder),
    lines(),
    journal(folder),
    steps(),
    plan(),
    health(),
    telemetry(),
    process_(),
  ];
}

/** Every form in which a value may be looked at. */
export function formsOf(where: string, value: unknown): Shown[] {
  const forms = [
    JSON.stringify(value) ?? "",
    inspect(value, { depth: null, showHidden: true, getters: true }),
  ];
  return forms.map((form) => [where, form]);
}

/** The same of an error. */
export function formsOfError(error: unknown): Shown[] {
  if (!(error instanceof Error)) return formsOf("the error", error).concat([["the error", String(error)]]);
  // `partial` is the text the caller has been given already.
  const hidden = Object.getOwnPropertyDescriptor(error, "partial");
  if (hidden) delete (error as { partial?: string }).partial;
  const forms: Shown[] = [
    ["the error's message", error.message],
    ["the error's stack", String(error.stack)],
    ["the error as text", String(error)],
    ["the error's name and keys", `${error.name} ${Reflect.ownKeys(error).map(String)}`],
    ...formsOf("the error", error),
    ...(error.cause === undefined ? [] : formsOfError(error.cause)),
  ];
  if (hidden) Object.defineProperty(error, "partial", hidden);
  return forms;
}

function written(): { stream: Writable; text: () => string } {
  let all = "";
  const stream = new Writable({
    write(chunk, _, done) {
      all += String(chunk);
      done();
    },
  });
  return { stream, text: () => all };
}

function log(): Outlet {
  const out = written();
  return { logger: pino({ level: "trace" }, out.stream), after: () => [["the log", out.text()]] };
}

function memory(): Outlet {
  const sink = memoryAudit();
  return { audit: sink, after: () => formsOf("the memory sink", sink.records) };
}

function file(folder: string): Outlet {
  const path = join(folder, "audit.jsonl");
  return {
    audit: jsonlAudit(path),
    after: async () => [["the jsonl sink", await readFile(path, "utf8")]],
  };
}

function lines(): Outlet {
  const out = written();
  return {
    audit: pinoAudit(pino({ level: "trace" }, out.stream)),
    after: () => [["the pino sink", out.text()]],
  };
}

/** Every byte of its folder. */
function journal(folder: string): Outlet {
  const dir = join(folder, "journal");
  return {
    audit: journalAudit({ dir }),
    async after() {
      const names = await readdir(dir);
      return Promise.all(
        names.map(
          async (name): Promise<Shown> => ["the journal", `${name}\n${await readFile(join(dir, name))}`],
        ),
      );
    },
  };
}

/** Spans, metrics and diagnostics channels. */
function telemetry(): Outlet {
  const { telemetry, texts } = telemetryTexts();
  return { telemetry, after: texts };
}

/** A sink of one's own, which hears of every step. */
function steps(): Outlet {
  const told: unknown[] = [];
  return {
    audit: {
      start: (call) => void told.push(call),
      attempt: (entry) => void told.push(entry),
      write: (record) => void told.push(record),
    },
    after: () => formsOf("a sink of one's own", told),
  };
}

function plan(): Outlet {
  return { during: (chain, request) => formsOf("the plan", chain.explain(request)) };
}

function health(): Outlet {
  return {
    during: (chain) => [
      ...formsOf("the health report", chain.health()),
      ["the chain", inspect(chain, { depth: null, showHidden: true, getters: true })],
    ],
  };
}

/** What the process itself would print. */
function process_(): Outlet {
  const said: string[] = [];
  const hear = (warning: Error) => void said.push(inspect(warning));
  process.on("warning", hear);
  return {
    after: () => {
      process.off("warning", hear);
      return [["the warnings of the process", `warnings: ${said.join("\n")}`]];
    },
  };
}
