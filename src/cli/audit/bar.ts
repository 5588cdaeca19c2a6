import type { AuditAttempt } from "../../record.js";

/** What an attempt waited for, and how it is drawn. */
export const PHASES = { headers: "─", content: "━", answer: "█" } as const;

/** One attempt on a scale of `totalMs`: where it began, and how long it took to headers, to content and to its end. */
export function barOf(
  { headersMs, firstContentMs, durationMs }: AuditAttempt,
  { fromMs, totalMs, columns }: { fromMs: number; totalMs: number; columns: number },
): string {
  const at = (ms: number) =>
    Math.max(0, Math.min(columns, totalMs > 0 ? Math.round((ms / totalMs) * columns) : 0));
  // Whatever happened is seen: one column at the least.
  const start = Math.min(at(fromMs), columns - 1);
  const end = Math.max(start + 1, at(fromMs + durationMs));
  const content =
    firstContentMs === undefined ? end : Math.min(end, Math.max(start, at(fromMs + firstContentMs)));
  const headers =
    headersMs === undefined ? content : Math.min(content, Math.max(start, at(fromMs + headersMs)));
  return (
    " ".repeat(start) +
    PHASES.headers.repeat(headers - start) +
    PHASES.content.repeat(content - headers) +
    PHASES.answer.repeat(end - content)
  );
}
