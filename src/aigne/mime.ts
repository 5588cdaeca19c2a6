const BY_EXTENSION: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  pdf: "application/pdf",
  wav: "audio/wav",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  ogg: "audio/ogg",
  flac: "audio/flac",
  mp4: "video/mp4",
  webm: "video/webm",
  mov: "video/quicktime",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  json: "application/json",
  html: "text/html",
  xml: "application/xml",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ppt: "application/vnd.ms-powerpoint",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  zip: "application/zip",
  avif: "image/avif",
  heic: "image/heic",
  bmp: "image/bmp",
  svg: "image/svg+xml",
  tiff: "image/tiff",
  aac: "audio/aac",
  opus: "audio/opus",
  aiff: "audio/aiff",
  mpeg: "video/mpeg",
  mkv: "video/x-matroska",
  avi: "video/x-msvideo",
};

/** How files of these types begin. Source: each format's magic number; a dot stands for any byte. */
const BY_FIRST_BYTES: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG\r\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF.{4}WEBP/s, "image/webp"],
  [/^RIFF.{4}WAVE/s, "audio/wav"],
  [/^ID3/, "audio/mpeg"],
  [/^OggS/, "audio/ogg"],
  [/^fLaC/, "audio/flac"],
  [/^%PDF-/, "application/pdf"],
];

/** By the name's extension; a query or fragment behind it is ignored. */
export function mimeOfName(name: string | undefined): string | undefined {
  const extension = name?.split(/[?#]/, 1)[0]?.split(".").at(-1)?.toLowerCase();
  return extension === undefined ? undefined : BY_EXTENSION[extension];
}

/** A name with an extension that nobody knows tells one thing: it is no picture. */
export function mimeOfStranger(name: string | undefined): string | undefined {
  return name && /[^./]\.[a-z0-9][^./]*$/i.test(name) ? "application/octet-stream" : undefined;
}

/** By what base64 or a data URL says of itself. */
export function mimeOfData(data: string): string | undefined {
  const stated = /^data:([\w.+-]+\/[\w.+-]+)/.exec(data)?.[1];
  if (stated) return stated.toLowerCase();
  const bytes = Buffer.from(base64Of(data).slice(0, 24), "base64").toString("latin1");
  return BY_FIRST_BYTES.find(([start]) => start.test(bytes))?.[1];
}

export function extensionOf(mimeType: string): string | undefined {
  return Object.keys(BY_EXTENSION).find((key) => BY_EXTENSION[key] === mimeType);
}

/** The base64 of a data URL, or the text as it is. */
export function base64Of(data: string): string {
  return data.startsWith("data:") ? data.slice(data.indexOf(",") + 1) : data;
}
