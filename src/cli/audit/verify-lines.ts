import type { ChainReport, Problem, VerifyReport } from "../../journal/verify-report.js";
import { cell, cut, oneLine, widthOf, wrap } from "../columns.js";
import { periodText } from "./instant.js";
import { sizeText } from "./progress.js";

export interface VerifyLine {
  tone: "head" | "good" | "bad" | "note" | "verdict";
  text: string;
}

const INDENT = 4;
const GAP = 2;
const number = (value: number) => value.toLocaleString("en-US");
const counted = (value: number, one: string, more = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : more}`;

interface Column {
  title: string;
  align: "left" | "right";
  of(chain: ChainReport): string;
}

const COLUMNS: readonly Column[] = [
  { title: "chain", align: "left", of: ({ chainId }) => chainId },
  { title: "files", align: "right", of: ({ segments }) => number(segments) },
  { title: "lines", align: "right", of: ({ lines }) => number(lines) },
  { title: "calls", align: "right", of: ({ calls }) => number(calls.begun + calls.carried) },
];
const PERIOD: Column = {
  title: "period",
  align: "left",
  of: ({ from, to }) => (from === undefined || to === undefined ? "" : periodText(from, to)),
};

/** A report for a person, on lines of at most `columns`. */
export function verifyLines(report: VerifyReport, columns: number): VerifyLine[] {
  const { chains, problems, notes, cannotSee } = report;
  const lines: VerifyLine[] = [];
  const add = (tone: VerifyLine["tone"], text: string, first = " ".repeat(INDENT)) => {
    wrap(oneLine(text), columns - INDENT).forEach((line, i) => {
      lines.push({ tone, text: `${i === 0 ? first : " ".repeat(INDENT)}${line.trimEnd()}` });
    });
  };
  const widths = (each: Column) =>
    Math.max(each.title.length, ...chains.map((chain) => widthOf(each.of(chain))));
  const all = [...COLUMNS, PERIOD];
  const fits = INDENT + all.reduce((sum, each) => sum + widths(each) + GAP, -GAP) <= columns;
  const shown = fits ? all : COLUMNS;
  const row = (of: (column: Column) => string) =>
    cut(
      shown.map((each) => cell(of(each), widths(each), each.align)).join(" ".repeat(GAP)),
      columns - INDENT,
    ).trimEnd();
  if (chains.length > 0) lines.push({ tone: "head", text: " ".repeat(INDENT) + row(({ title }) => title) });
  for (const chain of chains) {
    const tone = chain.ok ? "good" : "bad";
    lines.push({ tone, text: `  ${chain.ok ? "✓" : "✗"} ${row(({ of }) => of(chain))}` });
    if (!fits && chain.from !== undefined) add("note", PERIOD.of(chain));
    if (chain.problem) add("bad", problemText(chain.problem));
    if (chain.problems > 1)
      add("bad", `and ${counted(chain.problems - 1, "more thing")} like that behind it`);
    for (const fact of factsOf(chain)) add("note", fact);
  }
  for (const problem of problems) add("bad", problemText(problem), "  ✗ ");
  for (const note of notes) add("note", note);
  lines.push({ tone: "verdict", text: "" });
  for (const line of wrap(verdictOf(report), columns)) lines.push({ tone: "verdict", text: line });
  if (cannotSee.length > 0) lines.push({ tone: "head", text: "What this cannot see" });
  for (const text of cannotSee) add("note", text, "  – ");
  return lines;
}

function problemText({ place, what }: Problem): string {
  return place === undefined ? what : `${place} ${what}`;
}

function factsOf({ calls, checkpoints, lost, setAside, notes }: ChainReport): string[] {
  const { own, given, matched } = checkpoints;
  const losses = Object.entries(lost).map(([event, count]) => `${number(count)} ${event}`);
  return [
    ...(own + given > 0
      ? [`${counted(own, "checkpoint")} in it; ${number(matched)} of ${number(given)} given hold`]
      : []),
    ...(calls.unknown > 0
      ? [`${counted(calls.unknown, "call")} whose process died: nobody knows what came of them`]
      : []),
    ...(losses.length > 0 ? [`never written, as gaps tell: ${losses.join(", ")}`] : []),
    ...(setAside > 0 ? [`${counted(setAside, "line")} set aside, out of the chain`] : []),
    ...notes,
  ];
}

function verdictOf({ ok, chains, lines, bytes, signatures }: VerifyReport): string {
  if (!ok) return "No: this journal is not what was written, or not all of it.";
  const signed = signatures && chains.some(({ checkpoints }) => checkpoints.own + checkpoints.given > 0);
  const facts = `${counted(lines, "line")} (${sizeText(bytes)}) in ${counted(chains.length, "chain")}`;
  return `Yes: ${facts}. Every hash, link and number holds, calls add up${signed ? ", signatures are good" : ""}.`;
}
