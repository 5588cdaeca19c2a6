import type { Report, Spent } from "../../report/report.js";
import { bar } from "../bars.js";
import { oneLine } from "../columns.js";
import { type TableColumn, tableLines } from "../table.js";
import type { Terminal } from "../terminal.js";
import { clock, days, money, number, percent, quantiles, share } from "./figures.js";
import { overTime } from "./over-time.js";

/** Rows of a table that a person still reads; `--json` has all. */
const MOST_ROWS = 12;

/** A report for a person. */
export function showReport(report: Report, terminal: Terminal, dir: string): void {
  const view = new ReportView(report, terminal);
  view.head(dir);
  if (report.calls.total === 0) return;
  view.rates();
  view.answerers();
  view.targets();
  view.failures();
  view.passedOver();
  view.breakers();
  view.cost();
  view.labels();
}

class ReportView {
  readonly #report: Report;
  readonly #terminal: Terminal;

  constructor(report: Report, terminal: Terminal) {
    this.#report = report;
    this.#terminal = terminal;
  }

  head(dir: string): void {
    const { calls, period, series } = this.#report;
    const { colors, columns } = this.#terminal;
    this.#terminal.line(`${colors.bold("open-router audit report")}  ${oneLine(dir)}`);
    if (!period) {
      this.#terminal.paragraph("No call in this time.", { style: colors.dim });
      return;
    }
    this.#terminal.paragraph(days(period), { style: colors.dim });
    this.#terminal.line();
    const ends = [
      `${number(calls.total)} calls`,
      `${number(calls.ok)} ok`,
      `${number(calls.failed)} failed`,
      ...(calls.aborted > 0 ? [`${number(calls.aborted)} aborted`] : []),
      ...(calls.unknown > 0 ? [`${number(calls.unknown)} unknown (their process died)`] : []),
      ...(calls.open > 0 ? [`${number(calls.open)} still open`] : []),
    ];
    this.#terminal.paragraph(ends.join(" · "), { style: colors.bold });
    const tones = { all: colors.cyan, answered: colors.green, failed: colors.red };
    for (const { tone, name, line } of overTime(series, columns - 2)) {
      this.#terminal.line(`  ${colors.dim(name)}  ${tones[tone](line)}`.trimEnd());
    }
  }

  rates(): void {
    const { rates, streamRecoveries: streams, durationMs } = this.#report;
    const rows = [
      { name: "success", rate: rates.success, says: "of the calls that ended ok or failed" },
      { name: "failover", rate: rates.failover, says: "of the calls asked more than one target" },
      { name: "fallback", rate: rates.fallback, says: "of the answers came from a fallback" },
      {
        name: "recovery",
        rate: rates.recovery,
        says: "of calls with a failed first attempt were answered",
      },
    ];
    this.#terminal.line();
    for (const { name, rate, says } of rows) {
      const text = `${name.padEnd(9)} ${percent(rate.rate).padStart(7)}  ${says}`;
      const counts = ` (${number(rate.count)} of ${number(rate.of)})`;
      const fits = text.length + counts.length <= this.#terminal.columns - 2;
      this.#terminal.paragraph(fits ? text + counts : text);
    }
    if (streams.calls > 0) {
      const { calls, answered } = streams;
      this.#terminal.paragraph(
        `streams   ${number(answered)} of ${number(calls)} broken streams ended in an answer`,
      );
    }
    this.#terminal.paragraph(`duration  ${quantiles(durationMs)}`);
  }

  answerers(): void {
    const { colors } = this.#terminal;
    this.#table(
      "Who answered",
      [
        { title: "target", of: ({ target }) => target, flexible: true },
        { title: "model, as it named itself", of: ({ model }) => model, flexible: true, optional: 2 },
        { title: "calls", of: ({ calls }) => number(calls), align: "right" },
        { title: "share", of: (each) => percent(each.share), align: "right" },
      ],
      this.#report.answeredBy,
      (each, width) => colors.green(bar(each.share, width)),
    );
  }

  targets(): void {
    this.#table(
      "Targets",
      [
        { title: "target", of: ({ target }) => target, flexible: true },
        { title: "attempts", of: ({ attempts }) => number(attempts), align: "right" },
        { title: "success", of: ({ success }) => percent(success.rate), align: "right" },
        { title: "first p50", of: ({ firstContentMs }) => clock(firstContentMs.p50), align: "right" },
        { title: "p90", of: ({ firstContentMs }) => clock(firstContentMs.p90), align: "right", optional: 2 },
        { title: "p99", of: ({ firstContentMs }) => clock(firstContentMs.p99), align: "right" },
        { title: "whole p50", of: ({ attemptMs }) => clock(attemptMs.p50), align: "right", optional: 3 },
        { title: "p90", of: ({ attemptMs }) => clock(attemptMs.p90), align: "right", optional: 5 },
        { title: "p99", of: ({ attemptMs }) => clock(attemptMs.p99), align: "right", optional: 4 },
        { title: "tokens in", of: ({ usage }) => number(usage.inputTokens), align: "right", optional: 7 },
        { title: "out", of: ({ usage }) => number(usage.outputTokens), align: "right", optional: 6 },
      ],
      this.#report.targets,
    );
  }

  failures(): void {
    const { failures } = this.#report;
    const { colors } = this.#terminal;
    const most = failures[0]?.attempts ?? 1;
    this.#table(
      "Failed attempts",
      [
        { title: "class", of: (each) => each.class },
        { title: "target", of: ({ target }) => target, flexible: true },
        { title: "attempts", of: ({ attempts }) => number(attempts), align: "right" },
        {
          title: "answered",
          of: ({ answered, attempts }) => share(answered, attempts),
          align: "right",
          optional: 1,
        },
      ],
      failures,
      (each, width) => colors.red(bar(each.attempts / most, width)),
    );
  }

  passedOver(): void {
    const { skips } = this.#report;
    const { colors } = this.#terminal;
    const most = skips[0]?.skips ?? 1;
    this.#table(
      "Passed over",
      [
        { title: "reason", of: ({ reason }) => reason },
        { title: "target", of: ({ target }) => target, flexible: true },
        { title: "times", of: (each) => number(each.skips), align: "right" },
      ],
      skips,
      (each, width) => colors.yellow(bar(each.skips / most, width)),
    );
  }

  breakers(): void {
    this.#table(
      "Breakers",
      [
        { title: "target", of: ({ target }) => target, flexible: true },
        { title: "opened", of: ({ opened }) => number(opened), align: "right" },
        { title: "probed", of: ({ halfOpened }) => number(halfOpened), align: "right" },
        { title: "closed", of: ({ closed }) => number(closed), align: "right" },
        { title: "last told", of: ({ last }) => last },
      ],
      this.#report.breakers,
    );
  }

  cost(): void {
    const { total, byTarget, resilience } = this.#report.cost;
    const { colors } = this.#terminal;
    if (total.usd === 0) return;
    this.#table(
      "Cost",
      [
        { title: "target", of: ({ target }) => target, flexible: true },
        { title: "cost", of: ({ cost }) => money(cost.usd), align: "right" },
        { title: "share", of: ({ cost }) => share(cost.usd, total.usd), align: "right" },
      ],
      byTarget,
      ({ cost }, width) => colors.cyan(bar(cost.usd / total.usd, width)),
    );
    this.#terminal.paragraph(`In all ${money(total.usd)}${doubts(total)}.`);
    const lost = `${money(resilience.usd)} of it, ${percent(resilience.share)}, went to ${number(resilience.attempts)} attempts that did not win`;
    this.#terminal.paragraph(`${lost}: the cost of resilience${doubts(resilience)}.`);
  }

  labels(): void {
    const { byLabel } = this.#report;
    if (!byLabel) return;
    this.#table(
      `By label ${oneLine(byLabel.label)}`,
      [
        { title: oneLine(byLabel.label), of: ({ value }) => value ?? "(none)", flexible: true },
        { title: "calls", of: ({ calls }) => number(calls.total), align: "right" },
        { title: "success", of: ({ success }) => percent(success.rate), align: "right" },
        { title: "failover", of: ({ failover }) => percent(failover.rate), align: "right", optional: 1 },
        { title: "p50", of: ({ durationMs }) => clock(durationMs.p50), align: "right", optional: 3 },
        { title: "p99", of: ({ durationMs }) => clock(durationMs.p99), align: "right", optional: 2 },
        { title: "cost", of: ({ cost }) => money(cost.usd), align: "right" },
      ],
      byLabel.values,
    );
  }

  #table<T>(
    title: string,
    columns: readonly TableColumn<T>[],
    rows: readonly T[],
    rest?: (row: T, width: number) => string,
  ): void {
    if (rows.length === 0) return;
    const { colors, columns: width } = this.#terminal;
    const [head = "", ...lines] = tableLines(columns, rows.slice(0, MOST_ROWS), {
      width,
      ...(rest && { rest }),
    });
    this.#terminal.line();
    this.#terminal.line(colors.bold(title));
    this.#terminal.line(colors.dim(head));
    for (const line of lines) this.#terminal.line(line);
    const more = rows.length - MOST_ROWS;
    if (more > 0)
      this.#terminal.paragraph(`and ${number(more)} more (--json has them)`, { style: colors.dim });
  }
}

function doubts({ estimatedUsd, unknown }: Spent): string {
  const parts = [
    ...(estimatedUsd > 0 ? [`${money(estimatedUsd)} estimated`] : []),
    ...(unknown > 0 ? [`${number(unknown)} attempts of unknown cost not counted`] : []),
  ];
  return parts.length > 0 ? ` (${parts.join("; ")})` : "";
}
