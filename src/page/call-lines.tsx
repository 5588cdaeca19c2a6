import type { CallReply } from "../serve/wire.js";
import { clock } from "./format.js";

/** The evidence: the lines of the journal that all of this was made from. */
export function CallLines({ lines }: { lines: CallReply["lines"] }) {
  return (
    <section aria-labelledby="lines-title">
      <h3 id="lines-title">Journal</h3>
      {lines.length === 0 && <p class="faint">Its lines are no longer in the journal.</p>}
      {lines.map(({ file, line, entry }) => (
        <details key={`${file}:${line}`} class="line">
          <summary>
            <b>{entry.event}</b>
            <span class="num faint">seq {entry.seq}</span>
            <span class="num faint line-place">
              {file}:{line}
            </span>
            <span class="num faint">{clock(Date.parse(entry.ts))}</span>
          </summary>
          <pre>{JSON.stringify(entry, null, 2)}</pre>
        </details>
      ))}
    </section>
  );
}
