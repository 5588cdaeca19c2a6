import type { Price } from "../model-facts.js";
import type { Plan, PlannedTarget } from "../plan.js";
import { MARGIN } from "../tokens.js";
import { cell, cut, oneLine, widthOf, wrap } from "./columns.js";
import { seconds, skipRow, usd } from "./timeline.js";

export interface PlanLine {
  tone: "head" | "asked" | "skipped" | "note" | "warning" | "total";
  text: string;
}

interface Column {
  title: string;
  of(target: PlannedTarget): string;
}

const UNKNOWN = "?";
/** Columns before a target's name. */
const MARK = 5;
const GAP = 2;
const MAX_NAME = 40;

const known = <T>(value: T | undefined, show: (value: T) => string) =>
  value === undefined ? UNKNOWN : show(value);
const number = (value: number) => value.toLocaleString("en-US");
const bound = (ms: number | null) => (ms === null ? "no end" : seconds(ms));
const rate = (perMillion: number) =>
  perMillion.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 4 });
const asked = (show: (target: PlannedTarget) => string) => (target: PlannedTarget) =>
  target.skip ? "" : show(target);

const COLUMNS: readonly Column[] = [
  { title: "window", of: ({ contextWindow }) => known(contextWindow, number) },
  {
    title: "$/M in/out",
    of: ({ price }) => known(price, ({ input, output }) => `${rate(input)}/${rate(output)}`),
  },
  { title: "tries", of: asked(({ attempts }) => number(attempts)) },
  { title: "wait", of: asked(({ waitMs }) => bound(waitMs)) },
  { title: "cost", of: asked(({ costUsd }) => known(costUsd, usd)) },
];

/** A plan for a person, on lines of at most `columns`: a table, or where that is too wide, a few lines per target. */
export function planLines(plan: Plan, columns: number): PlanLine[] {
  const { targets } = plan;
  const names = targets.map(({ target }) => cut(oneLine(target), MAX_NAME));
  const nameWidth = Math.max(6, ...names.map(widthOf));
  const widths = COLUMNS.map(({ title, of }) =>
    Math.max(title.length, ...targets.map((each) => of(each).length)),
  );
  const width = MARK + nameWidth + widths.reduce((sum, each) => sum + GAP + each, 0);
  const table = width <= columns;
  const cells = (show: (column: Column) => string) =>
    COLUMNS.map((column, i) => cell(show(column), GAP + widths[i]!, "right")).join("");
  const lines: PlanLine[] = [];
  const add = (tone: PlanLine["tone"], text: string) => {
    for (const line of wrap(text, columns - MARK))
      lines.push({ tone, text: " ".repeat(MARK) + line.trimEnd() });
  };
  if (table) {
    const head = `${" ".repeat(MARK)}${cell("target", nameWidth)}${cells(({ title }) => title)}`;
    lines.push({ tone: "head", text: head.trimEnd() });
  }
  let n = 0;
  for (const [i, target] of targets.entries()) {
    const tone = target.skip ? "skipped" : "asked";
    const mark = `  ${(target.skip ? "–" : String(++n)).padStart(2)} `;
    const name = names[i]!;
    if (table) {
      lines.push({ tone, text: (mark + cell(name, nameWidth) + cells(({ of }) => of(target))).trimEnd() });
    } else {
      lines.push({ tone, text: mark + cut(name, columns - MARK) });
      for (const fact of factsOf(target)) add("note", fact);
    }
    for (const [tone, note] of notesOf(target, plan)) add(tone, note);
  }
  if (table) add("note", "tries, wait and cost: at the most. $/M: US dollars per million tokens.");
  if (targets.some((target) => COLUMNS.some(({ of }) => of(target) === UNKNOWN))) {
    add("note", `${UNKNOWN}: not known.`);
  }
  return lines;
}

/** What the columns of the table say, in words. */
function factsOf(target: PlannedTarget): string[] {
  const { contextWindow, price, attempts, waitMs, costUsd, skip } = target;
  const perMillion = ({ input, output }: Price) => `$${rate(input)} in, $${rate(output)} out per M tokens`;
  const facts = `window ${known(contextWindow, number)} · ${known(price, perMillion)}`;
  if (skip) return [facts];
  return [facts, `at most ${count(attempts, "try", "tries")} · ${bound(waitMs)} · ${known(costUsd, usd)}`];
}

function notesOf(target: PlannedTarget, { inputTokens }: Plan): [PlanLine["tone"], string][] {
  const { skip, contextWindow, maxTokens, model } = target;
  if (skip) return [["skipped", skipRow({ target: target.target, model, ...skip }).cause]];
  const notes: [PlanLine["tone"], string][] = [];
  if (maxTokens !== undefined) {
    notes.push([
      "warning",
      `sent with max_tokens ${number(maxTokens)}: there is no room, or no money, for more`,
    ]);
  }
  if (contextWindow !== undefined && inputTokens * (1 + MARGIN) > contextWindow) {
    notes.push(["warning", "the prompt may not fit, since tokens are an estimate; it is asked all the same"]);
  }
  return notes;
}

/** The worst case of the whole call, and what is likely. */
export function totalLines({ targets, worstCase }: Plan, columns: number): PlanLine[] {
  const LABEL = 14;
  const lines: PlanLine[] = [];
  const add = (label: string, text: string) => {
    wrap(text, columns - LABEL).forEach((line, i) => {
      lines.push({ tone: "total", text: `  ${cell(i === 0 ? label : "", LABEL - 2)}${line.trimEnd()}` });
    });
  };
  const first = targets.find(({ skip }) => !skip);
  if (!first) return [];
  const { attempts, waitMs, costUsd } = worstCase;
  const wait =
    waitMs === null ? "nothing bounds the wait" : `${seconds(waitMs)} until an answer begins, or the error`;
  const cost = costUsd === undefined ? "cost not known" : usd(costUsd);
  add("worst case", `${count(attempts, "try", "tries")} · ${wait} · ${cost}`);
  if (first.likelyUsd !== undefined) {
    add("likely", `${usd(first.likelyUsd)}: an answer of usual length by ${oneLine(first.target)}`);
  }
  return lines;
}

function count(n: number, one: string, more: string): string {
  return `${number(n)} ${n === 1 ? one : more}`;
}
