import type { FileUnionContent, TextContent, UnionContent } from "@aigne/core";
import { base64Of, extensionOf, mimeOfData, mimeOfName, mimeOfStranger } from "./mime.js";

/** One part of a message as the wire takes it. */
export type WirePart = Record<string, unknown> & { type: string };

/** The names OpenRouter and OpenAI use for audio formats, where they are not the MIME subtype. */
const AUDIO_FORMATS: Record<string, string> = {
  mpeg: "mp3",
  "x-wav": "wav",
  wave: "wav",
  mp4: "m4a",
  "x-m4a": "m4a",
};

export function wireContent(content: string | readonly UnionContent[]): string | WirePart[] {
  return typeof content === "string" ? content : content.map(wirePart);
}

function wirePart(part: UnionContent): WirePart {
  return part.type === "text" ? textPart(part) : filePart(part);
}

function textPart({ text, cacheControl }: TextContent): WirePart {
  return { type: "text", text, ...(cacheControl && { cache_control: cacheControl }) };
}

function filePart(part: FileUnionContent): WirePart {
  if (part.type === "local") {
    throw new TypeError(
      "local files are read by ChatModel before they come here: call invoke(), not process()",
    );
  }
  const mimeType =
    part.mimeType ??
    mimeOfName(part.filename) ??
    (part.type === "url" ? mimeOfName(part.url) : mimeOfData(part.data)) ??
    mimeOfStranger(part.filename) ??
    // What says nothing of itself is taken for an image, as it has always been here.
    "image/png";
  const [kind, subtype = ""] = mimeType.split("/", 2);
  const url = part.type === "url" ? part.url : dataURL(part.data, mimeType);
  if (kind === "image") return { type: "image_url", image_url: { url } };
  if (kind === "video") return { type: "video_url", video_url: { url } };
  // Audio can only be sent inline; an address goes as a file.
  if (kind === "audio" && part.type === "file") {
    return {
      type: "input_audio",
      input_audio: { data: base64Of(part.data), format: AUDIO_FORMATS[subtype] ?? subtype },
    };
  }
  return { type: "file", file: { filename: part.filename ?? nameFor(part, mimeType), file_data: url } };
}

function dataURL(data: string, mimeType: string): string {
  return data.startsWith("data:") ? data : `data:${mimeType};base64,${data}`;
}

function nameFor(part: FileUnionContent, mimeType: string): string {
  const last = part.type === "url" ? part.url.split(/[?#]/, 1)[0]?.split("/").at(-1) : undefined;
  if (last) return last;
  const extension = extensionOf(mimeType);
  return extension ? `file.${extension}` : "file";
}
