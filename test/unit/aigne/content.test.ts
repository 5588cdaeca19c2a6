import { describe, expect, test } from "vitest";
import { wireContent } from "../../../src/aigne/content.js";

const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");
const PNG = base64("\x89PNG\r\n\x1a\n....");
const part = (content: Parameters<typeof wireContent>[0][number]) => wireContent([content as never])[0];

describe("a text", () => {
  test("stays a string when it is one", () => {
    expect(wireContent("Hello")).toBe("Hello");
  });

  test("keeps its cache mark and none of AIGNE's notes", () => {
    expect(
      part({
        type: "text",
        text: "a",
        isThinking: true,
        cacheControl: { type: "ephemeral", ttl: "1h" },
      } as never),
    ).toEqual({ type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } });
  });
});

describe("a file", () => {
  test.each([
    ["image/jpeg", { type: "image_url", image_url: { url: "data:image/jpeg;base64,QUJD" } }],
    ["audio/mpeg", { type: "input_audio", input_audio: { data: "QUJD", format: "mp3" } }],
    ["audio/x-wav", { type: "input_audio", input_audio: { data: "QUJD", format: "wav" } }],
    ["audio/mp4", { type: "input_audio", input_audio: { data: "QUJD", format: "m4a" } }],
    ["audio/flac", { type: "input_audio", input_audio: { data: "QUJD", format: "flac" } }],
    ["video/mp4", { type: "video_url", video_url: { url: "data:video/mp4;base64,QUJD" } }],
    [
      "application/pdf",
      { type: "file", file: { filename: "file.pdf", file_data: "data:application/pdf;base64,QUJD" } },
    ],
    [
      "application/x-unheard-of",
      { type: "file", file: { filename: "file", file_data: "data:application/x-unheard-of;base64,QUJD" } },
    ],
  ])("of type %s becomes the part for that kind", (mimeType, expected) => {
    expect(part({ type: "file", data: "QUJD", mimeType } as never)).toEqual(expected);
  });

  test("keeps its name", () => {
    expect(
      part({ type: "file", data: "QUJD", mimeType: "application/pdf", filename: "bill.pdf" } as never),
    ).toMatchObject({ file: { filename: "bill.pdf" } });
  });

  test("without a type is told by its name", () => {
    expect(part({ type: "file", data: "QUJD", filename: "a.MP3" } as never)).toMatchObject({
      type: "input_audio",
    });
  });

  test.each([
    ["image/png", "\x89PNG\r\n\x1a\n...."],
    ["image/jpeg", "\xff\xd8\xff\xe0........"],
    ["image/gif", "GIF89a......"],
    ["image/webp", "RIFF\x24\n\x00\xffWEBPVP8 "],
  ])("without type and name is told to be %s by its first bytes", (mimeType, bytes) => {
    const url = `data:${mimeType};base64,${base64(bytes)}`;
    expect(part({ type: "file", data: base64(bytes) } as never)).toEqual({
      type: "image_url",
      image_url: { url },
    });
  });

  test.each([
    ["wav", "RIFF\x24\n\x00\xffWAVEfmt "],
    ["mp3", "ID3\x04........"],
    ["ogg", "OggS........"],
    ["flac", "fLaC........"],
  ])("without type and name is told to be %s audio by its first bytes", (format, bytes) => {
    expect(part({ type: "file", data: base64(bytes) } as never)).toEqual({
      type: "input_audio",
      input_audio: { data: base64(bytes), format },
    });
  });

  test("without type and name is told to be a PDF by its first bytes", () => {
    expect(part({ type: "file", data: base64("%PDF-1.7....") } as never)).toMatchObject({
      type: "file",
      file: { filename: "file.pdf" },
    });
  });

  test("that nothing tells of is taken for an image", () => {
    expect(part({ type: "file", data: "QUJD" } as never)).toMatchObject({
      image_url: { url: "data:image/png;base64,QUJD" },
    });
  });

  test("that is a data URL says its own type and is not wrapped again", () => {
    const url = `data:image/webp;base64,${PNG}`;
    expect(part({ type: "file", data: url } as never)).toEqual({ type: "image_url", image_url: { url } });
    expect(part({ type: "file", data: "data:audio/wav;base64,QUJD" } as never)).toEqual({
      type: "input_audio",
      input_audio: { data: "QUJD", format: "wav" },
    });
  });
});

describe("an address", () => {
  test.each([
    ["https://x.test/a.jpg?size=2", { type: "image_url", image_url: { url: "https://x.test/a.jpg?size=2" } }],
    ["https://x.test/picture", { type: "image_url", image_url: { url: "https://x.test/picture" } }],
    ["https://x.test/a.mp4", { type: "video_url", video_url: { url: "https://x.test/a.mp4" } }],
    [
      "https://x.test/doc/a.pdf#page=2",
      { type: "file", file: { filename: "a.pdf", file_data: "https://x.test/doc/a.pdf#page=2" } },
    ],
    [
      "https://x.test/a.mp3",
      { type: "file", file: { filename: "a.mp3", file_data: "https://x.test/a.mp3" } },
    ],
  ])("%s goes as what its extension says", (url, expected) => {
    expect(part({ type: "url", url } as never)).toEqual(expected);
  });

  test("goes as what its type says, whatever its extension", () => {
    expect(part({ type: "url", url: "https://x.test/a.png", mimeType: "application/pdf" } as never)).toEqual({
      type: "file",
      file: { filename: "a.png", file_data: "https://x.test/a.png" },
    });
  });
});

test("a local path is an error that says how to call", () => {
  expect(() => part({ type: "local", path: "/a/b.png" } as never)).toThrow("call invoke(), not process()");
});
