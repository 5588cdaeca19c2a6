import type { FallbackChainError } from "../errors.js";
import type { AuditAttempt, AuditRecord, CallStart, Skip } from "../record.js";
import type { Part } from "../types.js";
import { clean } from "./columns.js";
import { errorLines, filePart } from "./outcome.js";
import type { Terminal } from "./terminal.js";
import { attemptRow, layOut, type Row, recordLines, skipRow } from "./timeline.js";
import type { StartedAttempt, View } from "./view.js";

const INDENT = "    ";

/** Line after line, for pipes and files: what has been written is never touched again. */
export class PlainView implements View {
  readonly #terminal: Terminal;
  #targets: readonly string[] = [];
  /** Its line comes before its first text; without text there is only the line that says how it ended. */
  #asked: StartedAttempt | undefined;
  #midLine = false;
  #writing: Part["type"] | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  start({ targets }: CallStart): void {
    this.#targets = targets;
  }

  attemptStarted(attempt: StartedAttempt): void {
    this.#asked = attempt;
  }

  attemptEnded(entry: AuditAttempt): void {
    this.#asked = undefined;
    this.#row(attemptRow(entry));
  }

  targetSkipped(skip: Skip): void {
    this.#row(skipRow(skip));
  }

  part(part: Part): void {
    if (part.type === "restart") {
      this.#line(`  ↺    the text of attempt ${part.attempt} is discarded; the next model starts over`);
      return;
    }
    this.#announce();
    if (part.type === "text" || part.type === "thoughts") {
      if (this.#writing !== part.type) {
        this.#endLine();
        if (part.type === "thoughts") this.#text("(thinking) ");
        this.#writing = part.type;
      }
      this.#text(clean(part.text));
    } else if (part.type === "file") this.#line(`${INDENT}${filePart(part)}`);
  }

  end(record: AuditRecord, error?: FallbackChainError): void {
    if (error) for (const { text } of errorLines(error, this.#terminal.columns)) this.#line(text);
    recordLines(record, this.#terminal.columns - 9).forEach((line, i) => {
      this.#line(`  ${i === 0 ? "record" : "      "} ${line}`);
    });
  }

  close(): void {
    this.#endLine();
  }

  #announce(): void {
    if (!this.#asked) return;
    const { n, target } = this.#asked;
    this.#asked = undefined;
    this.#row({ tone: "wait", mark: "…", n: String(n), target, cause: "answering", then: "" });
  }

  #row(row: Row): void {
    const layout = { columns: this.#terminal.columns, targets: this.#targets };
    const { start, target, end } = layOut(row, layout);
    this.#line(start + target + end);
  }

  #line(text: string): void {
    this.#endLine();
    this.#terminal.line(text.trimEnd());
  }

  #text(text: string): void {
    if (text === "") return;
    const indented = text.replace(/\n(?=[^\n])/g, `\n${INDENT}`);
    this.#terminal.write((this.#midLine || text.startsWith("\n") ? "" : INDENT) + indented);
    this.#midLine = !text.endsWith("\n");
  }

  #endLine(): void {
    if (this.#midLine) this.#terminal.line();
    this.#midLine = false;
    this.#writing = undefined;
  }
}
