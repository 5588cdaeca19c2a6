import type { ComponentChildren } from "preact";
import type { AuditRecord, CallStart } from "../record.js";
import { count, money, words } from "./format.js";

type Begun = Omit<CallStart, "targets"> & { targets?: string[] };

/** What else is known of a call. */
export function CallFacts({ begun, record }: { begun: Begun; record: AuditRecord | undefined }) {
  const { answeredBy, usage, cost, recovery } = record ?? {};
  const labels = Object.entries(begun.labels ?? {});
  const facts: [string, ComponentChildren][] = [
    ["Strategy", `${begun.strategy}${begun.streamed ? ", streamed" : ""}`],
    ["Targets", begun.targets?.join(" → ")],
    ["Model", answeredBy && `${answeredBy.requestedModel} asked, ${answeredBy.model} answered`],
    ["Provider", answeredBy && [answeredBy.provider, answeredBy.servedBy].filter(Boolean).join(" → ")],
    ["Generation", answeredBy?.generationId],
    ["Tokens", usage && tokensOf(usage)],
    ["Cost", cost && `${money(cost.usd)} ${cost.estimated ? "estimated" : "as the wire said"}`],
    ["Recovery", recovery && `${recovery.mode}, ${recovery.count}×`],
    ["Labels", labels.length > 0 && labels.map((pair) => pair.join("=")).join(", ")],
    ["Caller", callerOf(begun)],
    ["Digest", begun.requestDigest],
  ];
  return (
    <section aria-labelledby="facts-title">
      <h3 id="facts-title">Facts</h3>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== undefined && value !== false && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="num">{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function tokensOf(usage: NonNullable<AuditRecord["usage"]>): string {
  const { inputTokens, outputTokens, reasoningTokens, cacheReadInputTokens } = usage;
  return [
    `${count(inputTokens)} in`,
    `${count(outputTokens)} out`,
    reasoningTokens && `${count(reasoningTokens)} of them reasoning`,
    cacheReadInputTokens && `${count(cacheReadInputTokens)} from cache`,
  ]
    .filter(Boolean)
    .join(", ");
}

function callerOf({ caller = {} }: Begun): string {
  return Object.entries(caller)
    .map(([name, value]) => `${words(name.replace(/Id$/, ""))} ${value}`)
    .join(", ");
}
