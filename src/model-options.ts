/** AIGNE's own keys, which mean nothing on the wire. */
const NOT_ON_WIRE = new Set(["cacheConfig", "preferInputFileType", "model"]);

/** AIGNE's effort scale for numbers: a token budget goes to the wire as `reasoning.max_tokens`. */
function reasoning(effort: unknown): unknown {
  return typeof effort === "number" ? { max_tokens: effort } : { effort };
}

const snakeCase = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Model options as a user writes them → keys of the request body. `topP` becomes `top_p`, `reasoningEffort`
 * OpenRouter's `reasoning`; keys already in wire form pass as they are, and win over their camelCase twin.
 */
export function toWireOptions(
  options: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value === undefined || value === null || NOT_ON_WIRE.has(key)) continue;
    if (key === "reasoningEffort") body.reasoning ??= reasoning(value);
    else if (/[A-Z]/.test(key)) body[snakeCase(key)] ??= value;
    else body[key] = value;
  }
  return body;
}
