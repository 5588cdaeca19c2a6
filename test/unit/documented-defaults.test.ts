import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_BREAKER } from "../../src/breaker.js";
import { DEFAULT_BUDGET } from "../../src/budget.js";
import {
  DEFAULT_MAX_RETRY_AFTER_MS,
  DEFAULT_ROOM_WAIT_MS,
  DEFAULT_THROUGHPUT_WINDOW_MS,
  DEFAULT_TIMEOUTS,
} from "../../src/options.js";

const read = (page: string) => readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");

/** Options and defaults of a page's tables: the first two columns, each of which may hold several. */
function defaultsIn(page: string): Record<string, string> {
  const rows = read(page).matchAll(/^\| (`[^|]+`) \| ([^|]+) \|/gm);
  return Object.fromEntries(
    [...rows].flatMap(([, names = "", values = ""]) => {
      const options = names.split(", ").map((name) => name.replaceAll("`", ""));
      const defaults = options.length > 1 ? values.split(", ") : [values];
      return options.map((option, i) => [option, defaults[i]?.trim() ?? ""]);
    }),
  );
}

/** As the pages write numbers. */
const shown = (value: number | false) =>
  value === false ? "off" : String(value).replace(/(?<=\d)(?=(?:\d{3})+$)/g, " ");

test("the breaker's", () => {
  const told = defaultsIn("breakers.md");
  for (const [option, value] of Object.entries(DEFAULT_BREAKER))
    expect([option, told[option]]).toEqual([option, shown(value)]);
});

test("the budget's, and those of waits", () => {
  const told = defaultsIn("budgets.md");
  for (const [option, value] of Object.entries(DEFAULT_BUDGET)) {
    expect([option, told[`budget.${option}`]]).toEqual([option, shown(value)]);
  }
  expect(told.maxRetryAfterMs).toBe(shown(DEFAULT_MAX_RETRY_AFTER_MS));
  expect(told["timeouts.totalMs"]).toBe(shown(DEFAULT_TIMEOUTS.totalMs));
  const page = read("budgets.md");
  expect(page).toContain(`waitMs: ${shown(DEFAULT_ROOM_WAIT_MS).replace(" ", "_")} }`);
  expect(page).toContain(`a number, over ${DEFAULT_THROUGHPUT_WINDOW_MS / 1_000} s`);
});

test("the clocks'", () => {
  const told = defaultsIn("timeouts.md");
  for (const [option, value] of Object.entries(DEFAULT_TIMEOUTS))
    expect([option, told[option]]).toEqual([option, shown(value)]);
});
