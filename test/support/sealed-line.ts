import { FRAME_BYTES, type Place, sealInto } from "../../src/journal/line.js";

/** The line of an event at its place, with its line break, made as the writer makes it. */
export function seal(place: Place, body: string): { text: string; hash: string } {
  const buffer = Buffer.allocUnsafe(Buffer.byteLength(body) + FRAME_BYTES);
  const { end, hash } = sealInto(buffer, 0, place, body);
  return { text: buffer.toString("utf8", 0, end), hash };
}
