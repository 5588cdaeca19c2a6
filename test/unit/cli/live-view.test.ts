import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveView } from "../../../src/cli/live-view.js";
import { Terminal } from "../../../src/cli/terminal.js";
import type { AuditAttempt, CallStart } from "../../../src/record.js";
import type { Failure } from "../../../src/types.js";
import { Screen } from "../../support/screen.js";

const failure: Failure = { class: "stream_interrupted", scope: "model", message: "cut" };

function attempt(n: number, target: string, more: Partial<AuditAttempt> = {}): AuditAttempt {
  const startedAt = "2026-01-01T00:00:00.000Z";
  const about = { n, target, model: target, provider: "p", why: "first", startedAt, durationMs: 5 } as const;
  return { ...about, outcome: "failed", failure, verdict: "next", ...more };
}

function viewOn(screen: Screen) {
  const interrupt = new AbortController().signal;
  const terminal = new Terminal({ stdout: screen, stderr: screen, env: {}, command: "", interrupt });
  expect(terminal.live).toBe(true);
  const view = new LiveView(terminal);
  view.start({ targets: ["a/one", "b/two"] } as CallStart);
  return view;
}

const struck = (screen: Screen) =>
  screen.lines.map((line) =>
    line
      .filter(({ strike }) => strike)
      .map(({ char }) => char)
      .join(""),
  );

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("the live view", () => {
  it("counts the time of an attempt that says nothing, in its line", () => {
    const screen = new Screen();
    const view = viewOn(screen);
    view.attemptStarted({ n: 1, target: "a/one" });
    expect(screen.text[0]).toMatch(/… {2}1 a\/one +waiting +0 ms$/);
    vi.advanceTimersByTime(1_200);
    expect(screen.text[0]).toMatch(/… {2}1 a\/one +waiting +1,200 ms$/);
    view.attemptEnded(attempt(1, "a/one", { outcome: "won" }));
    expect(screen.text[0]).toMatch(/✓ {2}1 a\/one +answered +5 ms$/);
    view.close();
    expect(screen.text).toHaveLength(2);
  });

  it("strikes the text of a dead attempt through, and none of the text that replaces it", () => {
    const screen = new Screen();
    const view = viewOn(screen);
    view.attemptStarted({ n: 1, target: "a/one" });
    view.part({ type: "text", text: "The half of an answer that is long enough " });
    view.part({ type: "text", text: "to take more than one line of the screen, and then it" });
    view.attemptEnded(attempt(1, "a/one"));
    view.attemptStarted({ n: 2, target: "b/two" });
    view.part({ type: "restart", attempt: 1, failure });
    view.part({ type: "text", text: "The whole answer." });
    view.attemptEnded(attempt(2, "b/two", { outcome: "won" }));
    view.close();
    expect(screen.text.map((line) => line.trim().split(/\s{2,}/)[0])).toEqual([
      "✗",
      "The half of an answer that is long enough to take more than one line of the screen, and",
      "then it",
      "✓",
      "↺",
      "The whole answer.",
      "",
    ]);
    expect(struck(screen)).toEqual([
      "",
      "The half of an answer that is long enough to take more than one line of the screen, and",
      "then it",
      "",
      "",
      "",
      "",
    ]);
  });

  it("tells the end of an attempt at the bottom when its line has scrolled away", () => {
    const screen = new Screen({ rows: 5 });
    const view = viewOn(screen);
    view.attemptStarted({ n: 1, target: "a/one" });
    view.part({ type: "text", text: "1\n2\n3\n4\n5\n6" });
    view.attemptEnded(attempt(1, "a/one", { outcome: "won" }));
    view.close();
    const text = screen.text.map((line) => line.trim());
    expect(text.slice(1, 7)).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(text[7]).toMatch(/✓ {2}1 a\/one +answered/);
  });

  it("shows text the same however it is cut into pieces, and keeps words whole", () => {
    const text =
      "Some words, 漢字 among them, and a long enough sentence to be wrapped.\n\n  - indented\n".repeat(3);
    const shown = [1, 3, text.length].map((size) => {
      const screen = new Screen({ columns: 72 });
      const view = viewOn(screen);
      for (let i = 0; i < text.length; i += size) view.part({ type: "text", text: text.slice(i, i + size) });
      view.close();
      return screen.text;
    });
    expect(shown[0]).toEqual(shown[2]);
    expect(shown[1]).toEqual(shown[2]);
    expect(shown[2]!.join(" ").split(/\s+/).filter(Boolean)).toEqual(text.split(/\s+/).filter(Boolean));
  });

  it("gives the terminal no control character that a model sent", () => {
    const screen = new Screen();
    const view = viewOn(screen);
    view.part({ type: "text", text: "a\x1b[2J\x07b" });
    view.part({ type: "thoughts", text: "c\x1b]0;title\x07d" });
    view.close();
    expect(screen.text.map((line) => line.trim())).toEqual(["a[2Jb", "c]0;titled", ""]);
  });
});
