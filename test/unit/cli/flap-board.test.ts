import { expect, it } from "vitest";
import { FlapBoard } from "../../../src/cli/flap-board.js";
import { Terminal } from "../../../src/cli/terminal.js";
import { Screen } from "../../support/screen.js";

function boardOn(screen: Screen) {
  const interrupt = new AbortController().signal;
  return new FlapBoard(new Terminal({ stdout: screen, stderr: screen, env: {}, command: "", interrupt }));
}

it("goes on below when the marks of a row come to the edge", () => {
  const screen = new Screen({ columns: 60 });
  const board = boardOn(screen);
  board.row(0, "well", "good");
  for (let i = 0; i < 25; i++) board.mark("✓");
  board.row(12_345, "opened", "bad");
  board.row(13_000, "closed", "good");
  board.mark("·");
  board.end();
  board.end();
  const indent = " ".repeat(40);
  expect(screen.text).toEqual([
    `   0.0 s  well${" ".repeat(26)}${"✓".repeat(19)}`,
    `${indent}${"✓".repeat(6)}`,
    "  12.3 s  opened",
    `  13.0 s  closed${" ".repeat(24)}·`,
    "",
  ]);
  expect(screen.raw).not.toMatch(/ \n/);
});

it("leaves room for marks on a very narrow terminal", () => {
  const screen = new Screen({ columns: 30 });
  const board = boardOn(screen);
  board.row(0, "well", "good");
  for (let i = 0; i < 12; i++) board.mark("✗");
  board.end();
  expect(screen.text.map((line) => line.trim())).toEqual(["0.0 s  well     ✗✗✗✗✗✗✗✗✗✗", "✗✗", ""]);
});
