/** How one request is to be answered. */
export interface Plan {
  /** Events with text in them; the role, the finish reason, the usage and `[DONE]` come besides. */
  events: number;
  /** Milliseconds between two events; 0: all at once. */
  everyMs: number;
  /** What happens to a model whose name begins with `bad/`. */
  fault: "none" | "503" | "reset";
}

export const PATH = "/api/v1";

/** The plan travels in the prompt, which every client hands on: in the base URL it would need a client for each plan. */
export function promptOf({ events, everyMs, fault }: Plan): string {
  return `Say something: ${events}/${everyMs}/${fault}.`;
}

/** Undefined: `body` is no request with such a prompt. */
export function planOf(body: string): Plan | undefined {
  const [, events, everyMs, fault] = /Say something: (\d+)\/(\d+)\/(none|503|reset)\./.exec(body) ?? [];
  if (fault === undefined) return undefined;
  return { events: Number(events), everyMs: Number(everyMs), fault: fault as Plan["fault"] };
}

const WORDS =
  "the chain tries one model after another and tells which of them gave the whole answer that a caller gets".split(
    " ",
  );

const wordOf = (index: number) => `${index === 0 ? "" : " "}${WORDS[index % WORDS.length]}`;

/** The answer that every contestant must come back with. */
export function textOf(events: number): string {
  return Array.from({ length: events }, (_, index) => wordOf(index)).join("");
}

const HEAD = {
  id: "gen-1764115200-Q2xhc3NpY2FsQmVuY2g",
  provider: "Bench Provider",
  model: "good/two",
  object: "chat.completion.chunk",
  created: 1764115200,
};

function chunk(delta: object, finish: string | null, more: object = {}): string {
  return JSON.stringify({
    ...HEAD,
    choices: [{ index: 0, delta, finish_reason: finish, native_finish_reason: finish, logprobs: null }],
    system_fingerprint: "fp_50cad350e4",
    ...more,
  });
}

/** The events of an answer in the form OpenRouter gives them, each as one HTTP chunk. */
export function bodyOf(events: number): Buffer[] {
  const usage = {
    prompt_tokens: 12,
    completion_tokens: events,
    total_tokens: events + 12,
    cost: 0.000_42,
    is_byok: false,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, image_tokens: 0 },
  };
  const said = Array.from({ length: events }, (_, index) =>
    chunk({ role: "assistant", content: wordOf(index) }, null),
  );
  const end = [
    chunk({ role: "assistant", content: "" }, "stop"),
    chunk({ role: "assistant", content: "" }, null, { usage }),
    "[DONE]",
  ];
  return [...said, ...end].map((data) => {
    const event = `data: ${data}\n\n`;
    return Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  });
}
