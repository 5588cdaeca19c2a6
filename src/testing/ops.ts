/** What a piece of the body is to the reader of an answer. */
export type FrameKind = "comment" | "role" | "token" | "finish" | "usage" | "done" | "error";

/** One act on the connection. An answer, healthy or not, is a sequence of them, possibly endless. */
export type Op =
  /** `Infinity`: until the client goes. */
  | { do: "wait"; ms: number }
  /** Until the event loop has turned: what follows is a network read of its own, mostly. */
  | { do: "turn" }
  /** `raw` writes the head by hand, so that neither length nor chunking is added. */
  | { do: "head"; status: number; headers: Record<string, string>; raw?: boolean }
  | { do: "send"; bytes: string | Uint8Array; kind?: FrameKind }
  /** Past node:http, straight to the socket. */
  | { do: "raw"; bytes: string | Uint8Array }
  /** The clean end of the response. */
  | { do: "end" }
  /** FIN without the end of the response. */
  | { do: "fin" }
  /** RST. */
  | { do: "reset" };

export type Ops = Iterable<Op>;

export const wait = (ms: number): Op => ({ do: "wait", ms });
export const turn: Op = { do: "turn" };
export const silence: Op = { do: "wait", ms: Number.POSITIVE_INFINITY };
export const head = (status: number, headers: Record<string, string>): Op => ({
  do: "head",
  status,
  headers,
});
export const send = (bytes: string | Uint8Array, kind?: FrameKind): Op =>
  kind === undefined ? { do: "send", bytes } : { do: "send", bytes, kind };
export const raw = (bytes: string | Uint8Array): Op => ({ do: "raw", bytes });
export const end: Op = { do: "end" };
export const fin: Op = { do: "fin" };
export const reset: Op = { do: "reset" };
