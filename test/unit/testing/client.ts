import { connect, type Socket } from "node:net";
import { afterEach } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../../src/testing/index.js";

const running: Simulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

/** A simulator that ends with the test. */
export async function simulate(
  models: SimulatorOptions["models"],
  more: Omit<SimulatorOptions, "models"> = {},
): Promise<Simulator> {
  const simulator = await startSimulator({ models, ...more });
  running.push(simulator);
  return simulator;
}

export interface Ask {
  stream?: boolean;
  key?: string | null;
  body?: unknown;
  signal?: AbortSignal;
}

/** One chat request through fetch. */
export function ask(
  simulator: Simulator,
  model: string,
  { stream = true, key = "sk-test", body, signal }: Ask = {},
) {
  const payload = body ?? { model, stream, messages: [{ role: "user", content: "Hi" }] };
  return fetch(`${simulator.baseURL}/chat/completions`, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "application/json",
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: typeof payload === "string" ? payload : JSON.stringify(payload),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** One chat request through a bare socket. */
export function dial(simulator: Simulator, model: string, stream = true): Socket {
  const body = JSON.stringify({ model, stream, messages: [{ role: "user", content: "Hi" }] });
  const socket = connect(simulator.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    `POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-test\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

/** Every byte until the server ends the connection, the text holds `until`, or `quietMs` pass without one. */
export function hear(socket: Socket, { quietMs = 150, until }: { quietMs?: number; until?: string } = {}) {
  return new Promise<{ text: string; ended: "fin" | "reset" | undefined; reads: number }>((resolve) => {
    const parts: Buffer[] = [];
    const text = () => Buffer.concat(parts).toString("utf8");
    const finish = (ended?: "fin" | "reset") => {
      clearTimeout(timer);
      clearTimeout(cap);
      socket.destroy();
      resolve({ text: text(), ended, reads: parts.length });
    };
    const timer = setTimeout(finish, quietMs);
    const cap = setTimeout(finish, 5_000);
    socket.on("data", (part) => {
      parts.push(part);
      timer.refresh();
      if (until !== undefined && text().includes(until)) finish();
    });
    socket.on("end", () => finish("fin"));
    socket.on("error", () => finish("reset"));
  });
}

export interface Chunk {
  id?: string;
  model?: string;
  error?: { code: unknown; message: string; metadata?: Record<string, unknown> };
  usage?: Record<string, number>;
  choices?: {
    delta: {
      content?: string | null;
      tool_calls?: Record<string, unknown>[];
      reasoning?: string;
      refusal?: string;
    };
    finish_reason: string | null;
    error?: { code: unknown };
  }[];
}

/** The JSON of every `data:` event; what is no JSON is left out. */
export function events(text: string): Chunk[] {
  return text.split(/\r\n|\r|\n/).flatMap((line) => {
    if (!line.startsWith("data:") || line.includes("[DONE]")) return [];
    try {
      return [JSON.parse(line.slice(5)) as Chunk];
    } catch {
      return [];
    }
  });
}

/** The content of all deltas. */
export function textOf(chunks: Chunk[]): string {
  return chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? "").join("");
}
