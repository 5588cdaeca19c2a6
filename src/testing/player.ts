import { type ServerResponse, STATUS_CODES } from "node:http";
// Pacing may follow a fake clock, the turns of the event loop may not.
import * as timers from "node:timers";
import type { Op, Ops } from "./ops.js";

const MAX_TIMER_MS = 2_147_483_647;

/** What the player notes down while it plays. */
export interface Meter {
  status?: number;
  headersAt?: number;
  firstTokenAt?: number;
  /** Bytes of the body (and of what went past node:http) handed to the socket. */
  bytesSent: number;
  tokensSent: number;
  finishSentAt?: number;
  usageSentAt?: number;
  closedAt?: number;
  closedBy?: "server" | "client";
}

/** Plays an answer onto its connection; resolves when it is over, whoever ended it. No timer outlives it. */
export async function play(ops: Ops, res: ServerResponse, meter: Meter): Promise<void> {
  const socket = res.socket;
  if (socket === null) return;
  let closed = res.closed || socket.destroyed;
  let rawMode = false;
  let wake: (() => void) | undefined;
  const over = new Promise<void>((resolve) => {
    const close = (by: "server" | "client") => {
      closed = true;
      meter.closedBy ??= by;
      meter.closedAt ??= Date.now();
      wake?.();
      resolve();
    };
    res.once("finish", () => close("server"));
    res.once("close", () => close("client"));
    if (closed) close("client");
  });

  const pause = (ms: number, clock: Pick<typeof timers, "setTimeout" | "clearTimeout"> = globalThis) =>
    new Promise<void>((resolve) => {
      const timer =
        ms === Number.POSITIVE_INFINITY ? undefined : clock.setTimeout(done, Math.min(ms, MAX_TIMER_MS));
      wake = done;
      function done() {
        clock.clearTimeout(timer);
        wake = undefined;
        resolve();
      }
    });
  const drained = (stream: NodeJS.EventEmitter) =>
    new Promise<void>((resolve) => {
      stream.once("drain", done);
      wake = done;
      function done() {
        stream.off("drain", done);
        wake = undefined;
        resolve();
      }
    });
  const turned = () => new Promise<void>((resolve) => timers.setImmediate(resolve));
  // A reset throws away what the kernel has not been given yet: the tokens before it would never arrive.
  const flushed = async () => {
    const full = () => !closed && (res.writableLength > 0 || socket.writableLength > 0);
    for (let i = 0; i < 10 && full(); i++) await turned();
    while (full()) await pause(1, timers);
  };
  const write = async (bytes: string | Uint8Array, past: boolean) => {
    const target = past || rawMode ? socket : res;
    const ready = target.write(bytes);
    meter.bytesSent += typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.byteLength;
    if (!ready && !closed) await drained(target);
  };

  const perform = async (op: Op): Promise<void> => {
    switch (op.do) {
      case "wait":
        if (res.headersSent && !rawMode) res.flushHeaders();
        if (op.ms > 0) await pause(op.ms);
        return;
      case "turn":
        return turned();
      case "head":
        meter.status = op.status;
        meter.headersAt = Date.now();
        if (op.raw === true) {
          rawMode = true;
          const lines = Object.entries(op.headers).map(([name, value]) => `${name}: ${value}\r\n`);
          socket.write(`HTTP/1.1 ${op.status} ${STATUS_CODES[op.status] ?? ""}\r\n${lines.join("")}\r\n`);
        } else res.writeHead(op.status, op.headers);
        return;
      case "send":
        if (op.kind === "token") {
          meter.firstTokenAt ??= Date.now();
          meter.tokensSent++;
        }
        if (op.kind === "finish" || op.kind === "usage") meter.finishSentAt ??= Date.now();
        if (op.kind === "usage") meter.usageSentAt ??= Date.now();
        return write(op.bytes, false);
      case "raw":
        return write(op.bytes, true);
      case "end":
        if (!rawMode) {
          res.end();
          return;
        }
        return perform({ do: "fin" });
      case "fin":
      case "reset":
        if (res.headersSent && !rawMode) res.flushHeaders();
        await flushed();
        // A Node client that finds data and RST in one poll sees a plain end.
        if (op.do === "reset" && meter.bytesSent > 0) await pause(10, timers);
        if (closed) return;
        meter.closedBy = "server";
        if (op.do === "fin") socket.destroySoon();
        else socket.resetAndDestroy();
        return;
    }
  };

  for (const op of ops) {
    if (closed) break;
    await perform(op);
    if (op.do === "end" || op.do === "fin" || op.do === "reset") break;
  }
  if (!closed && !res.writableEnded && meter.closedBy === undefined) await perform({ do: "end" });
  return over;
}
