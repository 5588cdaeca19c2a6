import { describe, expect, it } from "vitest";
import { explainer } from "../../src/explanation.js";
import type { ChatRequest, Clock, Failure, Provider, Signal } from "../../src/types.js";

const CLOCK = { now: () => 0, wall: () => 0 } as unknown as Clock;
const PROVIDER = { redact: (text: string) => text.replaceAll("hush-hush", "[redacted]") } as Provider;

const asking = (content: string): ChatRequest => ({ messages: [{ role: "user", content }] });

function explained(
  prompt: string,
  words: { message?: string; code?: string; id?: string; upstream?: string },
): Failure {
  const { message = "no", code = "c", id = "r", upstream = "U" } = words;
  const error = {
    message: "Provider returned error",
    code,
    metadata: { provider_name: upstream, raw: message },
  };
  const signal: Signal = {
    kind: "http",
    status: 500,
    headers: { "x-request-id": id },
    body: JSON.stringify({ error }),
  };
  return explainer(asking(prompt), CLOCK)(signal, PROVIDER);
}

describe("an explained failure", () => {
  const secret = "the merger with Acme closes in May";

  it("repeats nothing of the prompt in any of its texts", () => {
    const failure = explained(`Write:${secret}, "codename_bluebird".`, {
      message: `bad: ${secret}!`,
      code: "x_codename_bluebird",
      id: `r-${secret}`,
      upstream: `U ${secret}`,
    });
    expect(failure).toMatchObject({
      message: "U [echo removed]: bad: [echo removed]!",
      code: "x_[echo removed]",
      requestId: "r-[echo removed]",
      upstream: "U [echo removed]",
    });
  });

  it("keeps texts too short to be an echo, and has no key", () => {
    const words = { message: "hush-hush is wrong", code: "short_code", id: "req-1", upstream: "DeepInfra" };
    expect(explained("short_code req-1 DeepInfra", words)).toMatchObject({
      message: "DeepInfra: [redacted] is wrong",
      code: "short_code",
      requestId: "req-1",
      upstream: "DeepInfra",
    });
  });

  const unicode = (text: string) =>
    [...text].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

  it.each([
    ["as numbers of letters", "把这份机密的财务报告翻译成英文并总结要点", unicode],
    [
      "twice",
      "把这份机密的财务报告翻译成英文并总结要点",
      (text: string) => unicode(text).replaceAll("\\", "\\\\"),
    ],
    ["as JSON", 'a "b" c\nd "e"\nf/g "h"\ni j k', (text: string) => JSON.stringify(text).slice(1, -1)],
    ["as PHP does", "/a/b/c/d/e/f/g/h/", (text: string) => text.replaceAll("/", "\\/")],
  ])("finds a prompt that is escaped once more: %s", (_, prompt, escaped) => {
    const { message } = explained(prompt, { message: `bad input: ${escaped(prompt)}!` });
    expect(message).toBe("U: bad input: [echo removed]!");
  });

  it("takes nothing for an escape in a prompt that is repeated as it was", () => {
    const prompt =
      "\\newcommand{\\red}[1]{\\textbf{\\ref{#1}}} as \\ref{x} and \\nref{y}, which is a long enough run";
    expect(explained(prompt, { message: `bad input: ${prompt}!` }).message).toBe(
      "U: bad input: [echo removed]!",
    );
  });

  it("finds a key that is escaped once more, and leaves a text with backslashes alone", () => {
    expect(explained("", { message: "bad: hush\\u002dhush" }).message).toBe("U: bad: [redacted]");
    expect(explained("", { message: "no model in C:\\new\\models" }).message).toBe(
      "U: no model in C:\\new\\models",
    );
  });

  it("costs milliseconds with a prompt of a megabyte, time after time", () => {
    const words = "the parties agree that goods are delivered and paid for within days of the invoice ".split(
      " ",
    );
    let prompt = "";
    for (let n = 0; prompt.length < 1 << 20; n = (n * 31 + 7) % 9973)
      prompt += `${words[n % words.length]} ${n}\n  `;
    const explain = explainer(asking(prompt), CLOCK);
    const message = `rejected: ${prompt.slice(500_000, 500_300)} ${"and so on, as far as it goes ".repeat(6)}`;
    const error = {
      message,
      code: "a_code_that_is_rather_long",
      metadata: { provider_name: "a provider with a name" },
    };
    const body = JSON.stringify({ error });
    const headers = { "x-request-id": "req-0123456789abcdef" };
    const before = process.cpuUsage();
    for (let n = 0; n < 40; n++) {
      const failure = explain({ kind: "http", status: 500, headers, body }, PROVIDER);
      expect(failure.message).toContain("[echo removed]");
    }
    const { user, system } = process.cpuUsage(before);
    // It takes some 6 ms each; to search the prompt anew for each text took 100.
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });
});
