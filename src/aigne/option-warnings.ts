import { RESILIENCE } from "./chain-options.js";

/** Options of the constructor that are ours. */
const OURS: readonly string[] = [
  "apiKey",
  "baseURL",
  "model",
  "fallbackModels",
  "modelOptions",
  "clientOptions",
  ...RESILIENCE,
];

/** Names from other packages for what we have, too. */
const SYNONYMS: Record<string, string> = {
  models: "fallbackModels",
  fallback: "fallbackModels",
  fallbacks: "fallbackModels",
  maxRetries: "retry",
};

/** Options of the `openai` client that the chain must own. */
const INSTEAD_OF_CLIENT_OPTIONS: Record<string, string> = {
  maxRetries: "retry",
  timeout: "timeouts",
  apiKey: "apiKey",
  baseURL: "baseURL",
};

const warned = new Set<string>();

/**
 * Names, in a process warning, what would otherwise be ignored in silence. Unknown options are no error, since AIGNE
 * and subclasses have options of their own; one that looks like a misspelt one of ours is worth a word.
 */
export function warnOfOptions(options: object): void {
  for (const key of Object.keys(options)) {
    const meant = meantBy(key);
    if (meant) warn(`OpenRouterChatModel ignores the option ${key}: did you mean ${meant}?`);
  }
  const { clientOptions } = options as { clientOptions?: Record<string, unknown> | null };
  for (const [key, option] of Object.entries(INSTEAD_OF_CLIENT_OPTIONS)) {
    if (clientOptions?.[key] !== undefined) {
      warn(`clientOptions.${key} has no effect in OpenRouterChatModel: use the option ${option}`);
    }
  }
}

/** The option that a name which is none was probably meant to be. */
export function meantBy(key: string): string | undefined {
  if (OURS.includes(key)) return undefined;
  const synonym = Object.hasOwn(SYNONYMS, key) ? SYNONYMS[key] : undefined;
  const name = singular(key);
  // In a short name one letter makes another word; a long one may have one wrong in six.
  return (
    synonym ?? OURS.find((ours) => distance(name, singular(ours)) <= Math.floor(singular(ours).length / 6))
  );
}

/** Once each: some apps build a model per request. */
function warn(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  process.emitWarning(message);
}

function singular(key: string): string {
  const letters = key.toLowerCase().replace(/[^a-z]/g, "");
  return letters.replace(/ies$/, "y").replace(/s$/, "");
}

/** Letters to add, drop, change or swap with their neighbour: Damerau and Levenshtein's distance. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + cost,
        swapped ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return rows.at(-1)!.at(-1)!;
}
