import type { CallStory } from "../../journal/find-call.js";
import type { AuditAttempt, CallStart } from "../../record.js";
import type { Failure } from "../../types.js";
import { cut, oneLine, widthOf, wrap } from "../columns.js";
import {
  attemptRow,
  causeOf,
  dollars,
  layOut,
  milliseconds,
  type Row,
  recordLines,
  skipRow,
} from "../timeline.js";
import { barOf, PHASES } from "./bar.js";
import { localDay, localOffset, localTime } from "./instant.js";

export interface CallLine {
  tone: "title" | "fact" | "warning" | Row["tone"] | "bar" | "detail";
  text: string;
}

const INDENT = 7;
const MAX_BAR = 72;

const STATES: Partial<Record<CallStory["state"], string>> = {
  open: "Still open: it goes on, or its process died and no writer has taken over its journal yet.",
  unknown: "Unknown: its process died before it ended. What is known of it:",
};

/** The timeline of a call, on lines of at most `columns`. */
export function callLines(story: CallStory, columns: number): CallLine[] {
  const { callId, start, record, attempts, state } = story;
  const lines: CallLine[] = [];
  const add = (tone: CallLine["tone"], text: string, indent = 2) => {
    for (const line of wrap(text, columns - indent))
      lines.push({ tone, text: " ".repeat(indent) + line.trimEnd() });
  };
  const about = record ?? start;
  lines.push({ tone: "title", text: cut(oneLine(callId), columns) });
  if (STATES[state]) add("warning", STATES[state]);
  for (const fact of aboutLines(about)) add("fact", fact);
  lines.push({ tone: "fact", text: "" });
  const skipped = record?.skipped ?? [];
  const targets = [...attempts, ...skipped].map(({ target }) => target);
  const row = (each: Row) => {
    const { start, target, end } = layOut(each, { columns, targets });
    lines.push({ tone: each.tone, text: (start + target + end).trimEnd() });
  };
  for (const skip of skipped) row(skipRow(skip));
  const began = Date.parse(about?.startedAt ?? attempts[0]?.startedAt ?? "");
  const offset = ({ startedAt }: AuditAttempt) => Math.max(0, Date.parse(startedAt) - began || 0);
  const ends = attempts.map((each) => offset(each) + each.durationMs);
  const scale = {
    totalMs: Math.max(record?.durationMs ?? 0, ...ends),
    columns: Math.min(MAX_BAR, columns - INDENT),
  };
  for (const attempt of attempts) {
    row(attemptRow(attempt));
    const fromMs = offset(attempt);
    lines.push({ tone: "bar", text: " ".repeat(INDENT) + barOf(attempt, { fromMs, ...scale }) });
    for (const text of joined(factsOf(attempt, fromMs), columns - INDENT)) add("detail", text, INDENT);
    if (attempt.failure) add("detail", failureText(attempt.failure, attempt), INDENT);
  }
  if (attempts.length > 0)
    add(
      "detail",
      `${PHASES.headers} to headers  ${PHASES.content} to content  ${PHASES.answer} answer`,
      INDENT,
    );
  else add("fact", "No request has left for a model, as far as the journal tells.");
  lines.push({ tone: "fact", text: "" });
  if (record) for (const fact of recordLines(record, columns - 2)) add("fact", fact);
  add("detail", whereIs(story));
  return lines;
}

function aboutLines(about: Omit<CallStart, "targets"> | undefined): string[] {
  if (!about) return ["Its beginning is no longer in the journal."];
  const { startedAt, strategy, streamed, labels = {}, caller = {}, requestDigest } = about;
  const at = new Date(startedAt);
  const utc = at.getTimezoneOffset() === 0 ? "" : ` (${oneLine(startedAt)})`;
  const pairs = [...Object.entries(labels), ...Object.entries(caller)].map(([name, value]) =>
    oneLine(`${name}=${value}`),
  );
  return [
    `${localDay(at)} ${localTime(at)} ${localOffset(at)}${utc}`,
    [oneLine(strategy), streamed ? "streamed" : "not streamed", ...pairs].join(" · "),
    `request ${oneLine(requestDigest)}`,
  ];
}

/** What an attempt's line has no room for. */
function factsOf(attempt: AuditAttempt, fromMs: number): string[] {
  const { why, model, target, servedModel, servedBy, generationId, headersMs, firstContentMs } = attempt;
  const { usage, cost, omitted, maxTokens } = attempt;
  return [
    `${why}, at ${milliseconds(fromMs)}`,
    ...(headersMs === undefined ? [] : [`headers ${milliseconds(headersMs)}`]),
    ...(firstContentMs === undefined ? [] : [`content ${milliseconds(firstContentMs)}`]),
    ...(model === target ? [] : [`model ${oneLine(model)}`]),
    ...(servedModel === undefined || servedModel === model ? [] : [`served ${oneLine(servedModel)}`]),
    ...(servedBy === undefined ? [] : [`by ${oneLine(servedBy)}`]),
    ...(usage ? [`${usage.inputTokens} → ${usage.outputTokens} tokens`] : []),
    ...(cost ? [`${cost.estimated ? "~" : ""}${dollars(cost.usd)}`] : []),
    ...(maxTokens ? [`max_tokens ${maxTokens.asked ?? "none"} → ${maxTokens.sent}`] : []),
    ...(omitted?.length ? [`left out ${omitted.map(oneLine).join(", ")}`] : []),
    ...(generationId === undefined ? [] : [oneLine(generationId)]),
  ];
}

function failureText(failure: Failure, { verdict, waitMs }: AuditAttempt): string {
  const { scope, code, message, requestId, retryAfterMs } = failure;
  const facts = [
    `${causeOf(failure)}, scope ${scope}`,
    ...(code === undefined ? [] : [oneLine(code)]),
    ...(retryAfterMs === undefined ? [] : [`Retry-After ${milliseconds(retryAfterMs)}`]),
    ...(verdict === undefined ? [] : [verdict + (waitMs ? ` after ${milliseconds(waitMs)}` : "")]),
    ...(requestId === undefined ? [] : [`request ${oneLine(requestId)}`]),
  ];
  return `${facts.join(" · ")}: ${oneLine(message)}`;
}

/** Facts on as few lines as they fit on, broken between them. */
function joined(facts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const line = lines.at(-1);
    if (line === undefined || widthOf(line) + 3 + widthOf(fact) > columns) lines.push(fact);
    else lines[lines.length - 1] = `${line} · ${fact}`;
  }
  return lines;
}

function whereIs({ lines }: CallStory): string {
  const first = lines[0];
  const last = lines.at(-1);
  if (!first || !last) return "";
  const content = lines.some(({ entry }) => "content" in entry)
    ? " Its content is there, too: --json shows it."
    : "";
  if (first === last) return `In ${first.file}:${first.line}.${content}`;
  const to = last.file === first.file ? last.line : `${last.file}:${last.line}`;
  return `In ${first.file}:${first.line}–${to}.${content}`;
}
