import { MARGIN } from "./tokens.js";

/** Tokens; some providers refuse a smaller max_tokens. Source: OpenAI's Responses API and those that forward to it. */
const MIN_OUTPUT_TOKENS = 16;

export type Fit =
  /** `maxTokens`: send it with this as max_tokens instead of what was asked. */
  | { fits: true; maxTokens?: number }
  /** `needed`: tokens that a target would need to take it, for the message. */
  | { fits: false; needed: number };

/**
 * Does a request fit a target's window? No only when it surely overflows, since an error of the server costs less than a target
 * that is passed over wrongly. All in tokens.
 *
 * @param input estimated; see MARGIN
 * @param window undefined when unknown: fits
 * @param asked the request's max_tokens or max_completion_tokens
 * @param maxOutput the longest answer of the model: a max_tokens that must shrink anyway does not exceed it
 */
export function fitWindow({
  input,
  window,
  asked,
  maxOutput,
}: {
  input: number;
  window: number | undefined;
  asked: number | undefined;
  maxOutput: number | undefined;
}): Fit {
  if (!isCount(window)) return { fits: true };
  const output = isCount(asked) ? asked : 0;
  const least = Math.min(output, MIN_OUTPUT_TOKENS);
  const mostRoom = window - input * (1 - MARGIN);
  if (mostRoom < least) return { fits: false, needed: Math.ceil(input) + least };
  if (output <= mostRoom) return { fits: true };
  const safeRoom = window - input * (1 + MARGIN);
  // Where the margin is as large as the room, a max_tokens on the safe side would cut answers that have their place.
  const room = Math.floor(Math.max(safeRoom, mostRoom / 2, MIN_OUTPUT_TOKENS));
  const longest = isCount(maxOutput) ? Math.max(maxOutput, MIN_OUTPUT_TOKENS) : room;
  return { fits: true, maxTokens: Math.min(room, longest) };
}

/**
 * The max_tokens to try once more with, when a server's numbers say that the prompt fits and only the answer does not; undefined
 * when they say something else, or nothing. All in tokens.
 *
 * @param asked what was sent; undefined when nothing was
 * @param limitTokens @param neededTokens @param outputTokens those of the Failure
 */
export function afterOverflow({
  asked,
  limitTokens,
  neededTokens,
  outputTokens,
}: {
  asked: number | undefined;
  limitTokens: number | undefined;
  neededTokens: number | undefined;
  outputTokens: number | undefined;
}): number | undefined {
  // Without the output's part the need is that of the prompt alone ("prompt is too long: 200251 tokens > 200000").
  if (!isCount(limitTokens) || !isCount(neededTokens) || !isCount(outputTokens)) return undefined;
  const input = neededTokens - outputTokens;
  if (neededTokens <= limitTokens || input < 0) return undefined;
  // "About", say some, and the provider behind may count a little differently.
  const spare = Math.ceil(input / 100) + MIN_OUTPUT_TOKENS;
  const room = limitTokens - input - spare;
  return room >= MIN_OUTPUT_TOKENS && room < (isCount(asked) ? asked : outputTokens) ? room : undefined;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}
