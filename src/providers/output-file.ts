import type { FilePart } from "../types.js";
import { asObject, notJson, own, text } from "./json.js";

/** The types that image models put out; a plain address says its type by its name only. */
const TYPES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  svg: "image/svg+xml",
};

/** `{ type: "image_url", image_url: { url } }`, the form of `images[]`; undefined when it holds no address. */
export function imageFile(value: unknown): FilePart | undefined {
  const image = own(asObject(value), "image_url");
  const url = text(image) ?? text(own(asObject(image), "url"));
  if (url === undefined) return undefined;
  if (!url.startsWith("data:")) {
    const name = URL.canParse(url) ? new URL(url).pathname : url;
    const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    return { type: "file", mimeType: TYPES[extension] ?? "image/png", url };
  }
  const comma = url.indexOf(",");
  if (comma === -1) return undefined;
  const [mimeType, ...parameters] = url.slice(5, comma).split(";");
  const payload = url.slice(comma + 1);
  const data = parameters.includes("base64") ? payload : Buffer.from(unescaped(payload)).toString("base64");
  return { type: "file", mimeType: mimeType || "text/plain", data };
}

function unescaped(payload: string): string {
  try {
    return decodeURIComponent(payload);
  } catch {
    return payload;
  }
}

/**
 * Audio comes as base64 fragments of one recording, which make a file only together.
 * `format` is what the request asked for.
 */
export class AudioFile {
  readonly #format: string;
  readonly #pieces: Buffer[] = [];
  #taken = 0;

  constructor(format: string) {
    this.#format = format;
  }

  add(base64: string): void {
    this.#pieces.push(Buffer.from(base64, "base64"));
  }

  /** The recording from its beginning. @throws SignalError when it does not begin with what came before it */
  whole(base64: string): void {
    const before = Buffer.concat(this.#pieces);
    const whole = Buffer.from(base64, "base64");
    if (!whole.subarray(0, before.length).equals(before)) {
      throw notJson("the audio of a message in the stream does not begin with what came before it");
    }
    if (whole.length > before.length) this.#pieces.push(whole.subarray(before.length));
  }

  /** The file, once; undefined when nothing more came. */
  take(): FilePart | undefined {
    const pieces = this.#pieces.slice(this.#taken);
    if (pieces.length === 0) return undefined;
    this.#taken = this.#pieces.length;
    const mimeType = `audio/${this.#format === "mp3" ? "mpeg" : this.#format}`;
    return { type: "file", mimeType, data: Buffer.concat(pieces).toString("base64") };
  }
}
