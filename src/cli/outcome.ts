import type { FallbackChainError } from "../errors.js";
import type { FilePart } from "../types.js";
import { cut, oneLine, wrap } from "./columns.js";
import { causeOf } from "./timeline.js";

export interface ErrorLine {
  tone: "title" | "text" | "quiet";
  text: string;
}

/** A typed error for a person: what it is, what it says, and what every attempt said. */
export function errorLines(error: FallbackChainError, columns: number): ErrorLine[] {
  const { code, status, retryAfterMs, attempts } = error;
  const facts = [
    `code ${code}`,
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(retryAfterMs === undefined ? [] : [`retryAfterMs ${Math.ceil(retryAfterMs)}`]),
  ];
  const said = attempts.flatMap(({ model, failure }, i) =>
    failure ? [`${i + 1} ${oneLine(model)} · ${causeOf(failure)}: ${oneLine(failure.message)}`] : [],
  );
  const block = (tone: ErrorLine["tone"], text: string, indent: number) =>
    wrap(text, columns - indent).map((line) => ({ tone, text: " ".repeat(indent) + line }));
  return [
    ...block("title", `FallbackChainError · ${facts.join(" · ")}`, 2),
    ...block("text", oneLine(error.message), 4),
    ...said.map((line): ErrorLine => ({ tone: "quiet", text: `    ${cut(line, columns - 4)}` })),
  ];
}

/** A typed error for a program. */
export function errorJson(error: FallbackChainError): Record<string, unknown> {
  const { name, code, message, status, retryAfterMs, partial, callId, attempts, skipped } = error;
  return { name, code, message, status, retryAfterMs, partial, callId, attempts, skipped };
}

export function filePart({ mimeType, data, url }: FilePart): string {
  if (url !== undefined) return `[${oneLine(mimeType)}: ${oneLine(url)}]`;
  return `[${oneLine(mimeType)}, ${Math.floor(((data?.length ?? 0) * 3) / 4).toLocaleString("en-US")} bytes]`;
}
