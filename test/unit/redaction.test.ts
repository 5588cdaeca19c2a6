import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutEchoes } from "../../src/failure/echo.js";
import { redact, sanitizeText } from "../../src/redaction.js";

const KEY = 'canary/Key+with=odd "chars"&more';
const of = (text: string, ...secrets: string[]) => redact(text, { secrets });
const echo = (text: string, prompt: string) => redact(text, { secrets: [], prompt });

describe("redact removes secrets", () => {
  it.each([
    ["as they are", KEY],
    ["escaped for JSON", JSON.stringify(KEY).slice(1, -1)],
    ["encoded by encodeURIComponent", encodeURIComponent(KEY)],
    ["encoded as a form", new URLSearchParams({ k: KEY }).toString().slice(2)],
    ["in base64", Buffer.from(KEY).toString("base64")],
    ["in base64url", Buffer.from(KEY).toString("base64url")],
    ["in JSON in JSON", JSON.stringify(JSON.stringify(KEY)).slice(3, -3)],
    ["in JSON as PHP writes it", JSON.stringify(KEY).slice(1, -1).replaceAll("/", "\\/")],
    ["in JSON as Go writes it", JSON.stringify(KEY).slice(1, -1).replaceAll("&", "\\u0026")],
    ["with lower-case percent signs", encodeURIComponent(KEY).replace(/%../g, (code) => code.toLowerCase())],
    ["in HTML", KEY.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
    ["in HTML by number", KEY.replaceAll("&", "&#38;").replaceAll('"', "&#34;")],
    ["in HTML by hexadecimal number", KEY.replaceAll("&", "&#x26;").replaceAll('"', "&#x22;")],
    ["with escaped quotes", KEY.replaceAll('"', '\\"')],
    ["in hex", Buffer.from(KEY).toString("hex")],
    ["in upper-case hex", Buffer.from(KEY).toString("hex").toUpperCase()],
  ])("%s", (_, form) => {
    const result = of(`the value ${form} and ${form}.`, KEY);
    expect(result).not.toContain(form.replace(/=+$/, ""));
    expect(result).toMatch(/^the value \[redacted\]=* and \[redacted\]=*\.$/);
  });

  it("even when one is part of another", () => {
    expect(of("x abcdef-longer y abcdef z", "abcdef", "abcdef-longer")).toBe("x [redacted] y [redacted] z");
  });

  it("that a cut left incomplete at the end", () => {
    expect(of("bad key mysecretk…", "mysecretkey")).toBe("bad key [redacted]…");
    expect(of("bad key mysecretk", "mysecretkey")).toBe("bad key [redacted]");
  });

  it("but leaves too short ones, which would blank out words", () => {
    expect(of("a key", "a", "", "ke")).toBe("a key");
  });

  it("wherever a text holds them", () => {
    const secret = fc.string({
      minLength: 8,
      maxLength: 40,
      unit: fc.constantFrom(..."abcXYZ019-_$^*()[]\\{}|.?+"),
    });
    fc.assert(
      fc.property(fc.string(), secret, fc.string(), (before, key, after) => {
        expect(of(before + key + after, key)).not.toContain(key);
      }),
    );
  });
});

describe("redact removes what looks like a key", () => {
  it.each([
    ["OpenRouter", "sk-or-v1-0123456789abcdef0123", "sk-or"],
    ["OpenAI, masked", "Incorrect API key provided: sk-proj-****************abcd.", "sk-proj"],
    ["Groq", "gsk_0123456789abcdefXYZ", "gsk_"],
    ["Google", "AIzaSyA0123456789012345678901234567890", "AIza"],
    ["xAI", "xai-0123456789abcdef", "xai-"],
    ["a bearer", "Authorization: Bearer abc.DEF_123-456", "abc.DEF"],
    ["a lower-case bearer", "authorization: bearer abcdef123456", "abcdef"],
    ["basic", "Basic dXNlcjpwYXNzd29yZA==", "dXNlc"],
    ["a bearer that begins as a word", "Bearer authentication.secret", "secret"],
    ["a key that begins as a word", "api key: invalid-topsecret1", "topsecret1"],
    ["a query", "GET https://h/v1?key=topsecret&x=1", "topsecret"],
    ["an api_key in a query", "https://h/v1?x=1&api_key=topsecret", "topsecret"],
    ["userinfo", "https://user:topsecret@host/v1", "topsecret"],
    ["userinfo with an @ in it", "https://user:p@topsecret@host/v1", "topsecret"],
    ["a header", "x-api-key: topsecret1", "topsecret1"],
    ["JSON", '{"api_key":"topsecret1"}', "topsecret1"],
    ["words", "Incorrect API key provided: topsecret1", "topsecret1"],
  ])("%s", (_, text, secret) => {
    const result = of(text);
    expect(result).toContain("[redacted]");
    expect(result).not.toContain(secret);
  });

  it("and leaves ordinary sentences alone", () => {
    for (const text of [
      "No cookie auth credentials found",
      "This task-based-scheduler risk-averse model is at https://openrouter.ai/settings/keys",
      "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys",
      "Provider returned error (HTTP 429, DeepInfra)",
      "Basic authentication required: use Bearer authentication.",
      "Invalid API key: expired, authorization: required",
      "the time is 12:30, mail a@b.c",
    ]) {
      expect(of(text)).toBe(text);
    }
  });
});

describe("redact removes echoes of the prompt", () => {
  const prompt = "Please translate the following contract between Alice and Bob into French.";

  it("of at least 16 characters, and keeps the rest", () => {
    expect(echo("Invalid input: 'the following contract between Alice' is not allowed", prompt)).toBe(
      "Invalid input: '[echo removed]' is not allowed",
    );
  });

  it("of exactly 16, and not of 15", () => {
    expect(echo(`<${prompt.slice(3, 19)}>`, prompt)).toBe("<[echo removed]>");
    expect(echo(`<${prompt.slice(3, 18)}>`, prompt)).toBe(`<${prompt.slice(3, 18)}>`);
  });

  it("at the prompt's beginning and end", () => {
    expect(echo(prompt.slice(0, 20), prompt)).toBe("[echo removed]");
    expect(echo(prompt.slice(-20), prompt)).toBe("[echo removed]");
    expect(echo(`${prompt}!`, prompt)).toBe("[echo removed]!");
  });

  it("whatever white space is between its words", () => {
    expect(echo("got: line one line two line three", "line one\n  line two\tline three")).toBe(
      "got: [echo removed]",
    );
  });

  it("takes for white space in a prompt what a regular expression does, and nothing else", () => {
    const [text, left, right] = ["abcdefghij klmnopqrst", "abcdefghij", "klmnopqrst"];
    const all = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
    const spaces = all.filter((unit) => /\s/.test(unit));
    expect(spaces).toHaveLength(25);
    for (const space of spaces) expect(echo(text, `${left}${space}${right}`)).toBe("[echo removed]");
    const others = all.filter((unit) => !/\s/.test(unit));
    expect(echo(text, others.map((unit) => `${left}${unit}${right}`).join("|"))).toBe(text);
  });

  it("in texts of any script, beside halves of pairs", () => {
    expect(echo("x 😀 договор между сторонами y", "Вот 😀 договор между сторонами.")).toBe(
      "x[echo removed] y",
    );
    expect(echo(`\ud83d${"a".repeat(16)}\ude00`, `\ude00${"a".repeat(16)}\ud83d`)).toBe(
      "\ud83d[echo removed]\ude00",
    );
  });

  it("from several texts at once, each for itself", () => {
    const texts = ["Please translate the", "short", "", "x Please translate the", "translate the fol"];
    expect(withoutEchoes(texts, prompt)).toEqual([
      "[echo removed]",
      "short",
      "",
      "x [echo removed]",
      "[echo removed]",
    ]);
    expect(withoutEchoes(["a  b"], "")).toEqual(["a b"]);
  });

  it("but takes care of case, and of a prompt that is short or absent", () => {
    expect(echo(prompt.toUpperCase(), prompt)).toBe(prompt.toUpperCase());
    expect(echo("short prompt", "short prompt")).toBe("short prompt");
    expect(echo("anything at all in here", "")).toBe("anything at all in here");
  });

  it("exactly where a plain search would", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", " x"), maxLength: 120 });
    fc.assert(
      fc.property(letters, letters, fc.nat(100), fc.nat(60), (text, other, from, length) => {
        const given = `${other}${text.slice(from, from + length)}`.replace(/\s+/g, " ");
        const line = text.replace(/\s+/g, " ");
        let expected = "";
        for (let at = 0; at < line.length; at++) {
          const inside = (place: number) =>
            Array.from({ length: 16 }, (_, back) => place - back).some(
              (start) =>
                start >= 0 && start + 16 <= line.length && given.includes(line.slice(start, start + 16)),
            );
          if (!inside(at)) expected += line[at];
          else if (at === 0 || !inside(at - 1)) expected += "[echo removed]";
        }
        expect(echo(text, given)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("in bounded time, whatever the prompt repeats", () => {
    const text = "ab".repeat(512);
    for (const given of ["ab".repeat(3 << 20), "a".repeat(6 << 20), `${"xy".repeat(2 << 20)}${text}`]) {
      const started = performance.now();
      echo(text, given);
      expect(performance.now() - started).toBeLessThan(3_000);
    }
  });

  it("without a table for each text, which would make V8 collect its whole heap again and again", () => {
    const said = "Provider returned error: the upstream is overloaded";
    withoutEchoes([said], prompt);
    const before = process.memoryUsage().arrayBuffers;
    for (let failure = 0; failure < 60; failure++) withoutEchoes([said], prompt);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it("of the first and last 2 Mi characters of a longer prompt", () => {
    const filler = "-".repeat(3 << 20);
    const [first, middle, last] = [
      "the beginning of it all",
      "somewhere in the middle of it",
      "the very end of it all",
    ];
    const given = `${first}${filler}${middle}${filler}${last}`;
    expect(echo(`${first}|${middle}|${last}`, given)).toBe(`[echo removed]|${middle}|[echo removed]`);
  });
});

describe("sanitizeText", () => {
  it.each([
    ["line breaks", "a\r\nb\tc", "a b c"],
    ["colours", "\u001b[1;31mred\u001b[0m \u009b32mgreen", "red green"],
    ["titles and links", "\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b", "ab"],
    ["an unfinished sequence", "a\u001b[", "a ["],
    ["control characters", "a\u0000b\u0007c\u007fd\u0085e", "a b c d e"],
    ["bidi controls", "a\u202eb\u2066c\u2069d\u200fe\u061cf", "abcdef"],
    ["line separators", "a\u2028b\u2029c", "a b c"],
    ["invisible characters", "a\u200bb\ufeffc\u{e0041}d", "abcd"],
    ["lone surrogates", "a\ud800b\udc00c", "a\ufffdb\ufffdc"],
    ["space around", "  a  b  ", "a b"],
  ])("tames %s", (_, text, expected) => expect(sanitizeText(text, 100)).toBe(expected));

  it("keeps letters of every script, and emoji with joiners", () => {
    const text = "héllo 世界 שלום 👩‍👩‍👧 𝒳";
    expect(sanitizeText(text, 100)).toBe(text);
  });

  it("cuts to the length with an ellipsis, never inside a pair", () => {
    expect(sanitizeText("abcdef", 6)).toBe("abcdef");
    expect(sanitizeText("abcdefg", 6)).toBe("abcde…");
    expect(sanitizeText("abcd😀efg", 6)).toBe("abcd…");
    expect(sanitizeText("abc😀efg", 6)).toBe("abc😀…");
  });

  it("leaves what is one printable line as it is, as all its searches would", () => {
    const word = fc.string({ unit: "grapheme-ascii", minLength: 1 }).map((text) => text.replace(/ /g, "_"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const line = words.join(" ");
        expect(sanitizeText(line, line.length)).toBe(line);
        // What nobody sees makes it search.
        expect(sanitizeText(`${line}\u200b`, line.length + 1)).toBe(line);
      }),
    );
  });

  it("gives one printable line of bounded length for any text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        (text, max) => {
          const line = sanitizeText(text, max);
          expect(line.length).toBeLessThanOrEqual(max);
          expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\p{Surrogate}]/u);
          expect(sanitizeText(line, max)).toBe(line);
        },
      ),
    );
  });

  it("is quick with hostile texts", () => {
    const hostile = ["\u001b[", "\u001b]", "\u001b[0", " ", "\u202e", "\ud800", "\u009b"];
    const started = performance.now();
    for (const unit of hostile) sanitizeText(unit.repeat(200_000), 500);
    for (const unit of [...hostile, "Bearer ", "://", "sk-", "?key=", "api_key ", "Basic  "]) {
      redact(unit.repeat(20_000), { secrets: [KEY] });
    }
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
