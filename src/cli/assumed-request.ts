import { readFile } from "node:fs/promises";
import type { ChatRequest } from "../types.js";
import { UsageError } from "./io.js";

export interface RequestFlags {
  file?: string;
  promptTokens?: number;
  maxTokens?: number;
  tools?: boolean;
  jsonSchema?: boolean;
  image?: boolean;
}

/** Tokens of a prompt that nobody has given. */
const ASSUMED_TOKENS = 1_000;
/** What the estimate of any request with one message begins with. */
const FRAME_TOKENS = 6;

/**
 * A request with the prompt given, read or imagined, that asks for what the flags say.
 *
 * @throws UsageError when there is more than one prompt, or an empty or unreadable one
 */
export async function assumedRequest(prompt: string | undefined, flags: RequestFlags): Promise<ChatRequest> {
  const { maxTokens, tools, jsonSchema, image } = flags;
  const text = await textOf(prompt, flags);
  const url = "data:image/png;base64,";
  return {
    messages: [
      {
        role: "user",
        content: image
          ? [
              { type: "text", text },
              { type: "image_url", image_url: { url } },
            ]
          : text,
      },
    ],
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(tools && {
      tools: [{ type: "function", function: { name: "any", parameters: { type: "object" } } }],
    }),
    ...(jsonSchema && {
      response_format: { type: "json_schema", json_schema: { name: "any", schema: { type: "object" } } },
    }),
  };
}

async function textOf(prompt: string | undefined, { file, promptTokens }: RequestFlags): Promise<string> {
  const given = [prompt, file, promptTokens].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw new UsageError("there is more than one prompt: give a text, --file or --prompt-tokens");
  }
  if (prompt === undefined && file === undefined) return textOfTokens(promptTokens ?? ASSUMED_TOKENS);
  const text = prompt ?? (await read(file!));
  if (text.trim() === "") {
    throw new UsageError(
      file === undefined ? 'the prompt is empty: open-router explain "Hello"' : `--file: ${file} is empty`,
    );
  }
  return text;
}

/** The estimate counts a short word as one token. */
function textOfTokens(tokens: number): string {
  return "a ".repeat(Math.max(1, tokens - FRAME_TOKENS));
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "ENOENT" ? `--file: there is no file ${file}` : `--file: ${file} cannot be read: ${message}`,
    );
  }
}
