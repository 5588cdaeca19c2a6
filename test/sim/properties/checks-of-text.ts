import { FallbackChainError } from "../../../src/chain.js";
import type { Check, Try } from "./check.js";
import type { Called } from "./play.js";
import type { Scenario } from "./scenario.js";

/** What the reader was shown comes of one model, or of several at a recorded seam. */
export function checkText(
  { outcome, error, parts, spec }: Called,
  tries: readonly Try[],
  s: Scenario,
  check: Check,
): void {
  const allowed = (shown: string, of: readonly Try[]) => of.some(({ seen }) => seen.text.startsWith(shown));
  let shown = "";
  let thoughts = "";
  const tools: string[] = [];
  for (const part of parts) {
    if (part.type === "restart") {
      check(allowed(shown, tries), `of no model: ${shown}`);
      shown = "";
      thoughts = "";
    }
    if (part.type === "text") shown += part.text;
    if (part.type === "thoughts") thoughts += part.text;
    if (part.type === "toolCall") tools.push(part.arguments);
  }
  check(allowed(shown, tries) || shown === "", `of no model: ${shown}`);
  const cancelled = tries.filter(({ entry }) => entry.outcome === "cancelled");
  const winner = tries.find(({ entry }) => entry.outcome === "won");
  const all = JSON.stringify(parts);
  if (winner) {
    for (const { seen } of cancelled)
      check(!all.includes(seen.tag), `a part of a cancelled lane: ${seen.tag}`);
    const { seen } = winner;
    check(
      seen.act.end === "whole" || seen.act.end === "length",
      `an answer that was not whole won: ${seen.act.end}`,
    );
    if (outcome === "answered") {
      check(shown === seen.text, `not the winner's whole text: ${shown} for ${seen.text}`);
      check(
        tools.every((args) => args === JSON.stringify({ by: seen.tag })),
        "not the winner's tool calls",
      );
      if (seen.prefix === undefined)
        check(
          thoughts === "" || thoughts === `${seen.tag}.thinks `,
          `not the winner's thoughts: ${thoughts}`,
        );
      check(
        spec.asks !== "JSON" || tools.length > 0 || JSON.parse(shown).by === seen.tag,
        "not the JSON asked for",
      );
    }
  } else {
    const heard = cancelled.filter(({ seen }) => all.includes(seen.tag));
    check(heard.length <= 1, `parts of ${heard.length} cancelled lanes`);
  }
  for (const { seen } of tries) {
    if (seen.prefix === undefined) continue;
    check(s.recovery === "continue", "a text is continued without having been asked for");
    check(
      tries.some((other) => other.seen !== seen && other.seen.text.startsWith(seen.prefix!)),
      `asked to continue what nobody said: ${seen.prefix}`,
    );
  }
  const partial = FallbackChainError.is(error) ? error.partial : undefined;
  if (partial !== undefined) {
    check(allowed(partial, tries), `partial is of no model: ${partial}`);
    check(partial.startsWith(shown), "partial is less than what was shown");
  }
}
