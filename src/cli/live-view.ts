import type { FallbackChainError } from "../errors.js";
import type { AuditAttempt, AuditRecord, CallStart, Skip } from "../record.js";
import type { Part } from "../types.js";
import { clean, cut, wrap } from "./columns.js";
import { type ErrorLine, errorLines, filePart } from "./outcome.js";
import { Region } from "./region.js";
import type { Terminal } from "./terminal.js";
import { attemptRow, paint, type Row, recordLines, skipRow } from "./timeline.js";
import type { StartedAttempt, View } from "./view.js";

const TICK_MS = 100;
const INDENT = 7;
/** The word before a record. */
const LABEL = 9;

interface Pending extends StartedAttempt {
  row: number;
  since: number;
}

/** What the answer has shown, row by row, as it was before styling. */
interface Written {
  row: number;
  text: string;
  kind: "text" | "thoughts";
}

/** An attempt's line stands above its text and changes in place; text that no longer counts is struck through. */
export class LiveView implements View {
  readonly #terminal: Terminal;
  readonly #region: Region;
  readonly #pending = new Map<number, Pending>();
  #targets: readonly string[] = [];
  #written: Written[] = [];
  /** Text goes on in the last row. */
  #open = false;
  #ticker: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#region = new Region(terminal.out);
  }

  start({ targets }: CallStart): void {
    this.#targets = targets;
  }

  attemptStarted(attempt: StartedAttempt): void {
    const since = performance.now();
    this.#open = false;
    const row = this.#region.add(this.#waiting({ ...attempt, row: 0, since }));
    this.#pending.set(attempt.n, { ...attempt, row, since });
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
  }

  attemptEnded(entry: AuditAttempt): void {
    const pending = this.#pending.get(entry.n);
    this.#pending.delete(entry.n);
    const text = this.#row(attemptRow(entry));
    // A row that has scrolled away cannot change: then the line is told at the end.
    if (!pending || !this.#region.set(pending.row, text)) this.#add(text);
  }

  targetSkipped(skip: Skip): void {
    this.#add(this.#row(skipRow(skip)));
  }

  part(part: Part): void {
    const { colors, columns } = this.#terminal;
    if (part.type === "text" || part.type === "thoughts") this.#write(part.type, clean(part.text));
    else if (part.type === "file") {
      this.#add(" ".repeat(INDENT) + colors.cyan(cut(filePart(part), columns - INDENT)));
    } else if (part.type === "restart") this.#strike(part.attempt);
  }

  end(record: AuditRecord, error?: FallbackChainError): void {
    const { colors, columns } = this.#terminal;
    const styles: Record<ErrorLine["tone"], (text: string) => string> = {
      title: (text) => colors.red(colors.bold(text)),
      text: (text) => text,
      quiet: colors.dim,
    };
    if (error) for (const { tone, text } of errorLines(error, columns)) this.#add(styles[tone](text));
    recordLines(record, columns - LABEL).forEach((line, i) => {
      const label = i === 0 ? colors.cyan("record") : "      ";
      this.#add(`  ${label} ${colors.dim(line)}`);
    });
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#pending.clear();
  }

  #tick(): void {
    for (const pending of this.#pending.values()) this.#region.set(pending.row, this.#waiting(pending));
  }

  #waiting({ n, target, since }: Pending): string {
    const about = { tone: "wait", mark: "…", n: String(n), target, then: "" } as const;
    const ms = Math.floor((performance.now() - since) / TICK_MS) * TICK_MS;
    return this.#row({ ...about, cause: this.#open ? "answering" : "waiting", ms });
  }

  #row(row: Row): string {
    const { columns, colors } = this.#terminal;
    return paint(row, { columns, targets: this.#targets }, colors);
  }

  #add(row: string): void {
    this.#open = false;
    this.#region.add(row);
  }

  #write(kind: Written["kind"], text: string): void {
    const last = this.#open && this.#written.at(-1)?.kind === kind ? this.#written.at(-1) : undefined;
    const [first = "", ...more] = wrap((last?.text ?? "") + text, this.#terminal.columns - INDENT);
    if (last) {
      last.text = first;
      this.#region.set(last.row, this.#styled(last));
    } else this.#begin(kind, first);
    for (const line of more) this.#begin(kind, line);
    this.#open = true;
  }

  #begin(kind: Written["kind"], text: string): void {
    const written = { kind, text, row: this.#region.length };
    this.#written.push(written);
    this.#region.add(this.#styled(written));
  }

  #styled({ kind, text }: Written): string {
    const line = text.trimEnd();
    return " ".repeat(INDENT) + (kind === "thoughts" ? this.#terminal.colors.dim(line) : line);
  }

  #strike(attempt: number): void {
    const { dim, strikethrough, yellow } = this.#terminal.colors;
    for (const { row, text } of this.#written) {
      this.#region.set(row, " ".repeat(INDENT) + dim(strikethrough(text.trimEnd())));
    }
    this.#written = [];
    this.#add(yellow(`  ↺    the text of attempt ${attempt} is discarded; this model starts over`));
  }
}
