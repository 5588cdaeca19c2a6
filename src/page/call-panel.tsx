import { useEffect, useRef } from "preact/hooks";
import type { CallReply } from "../serve/wire.js";
import { CallFacts } from "./call-facts.js";
import { CallLines } from "./call-lines.js";
import { State } from "./call-row.js";
import type { Connection } from "./connection.js";
import { duration, fullMoment, money } from "./format.js";
import { Close, Down, Up } from "./icons.js";
import type { Theme } from "./theme.js";
import { useRefreshed } from "./use-refreshed.js";
import { AttemptTable, WaterfallChart } from "./waterfall.js";
import { waterfallOf } from "./waterfall-model.js";

export interface CallPanelProps {
  connection: Connection;
  callId: string;
  version: number;
  theme: Theme;
  /** Calls in the order they are listed. */
  listed: readonly string[];
  onSelect: (callId: string) => void;
  onClose: () => void;
}

/** One call, whole. */
export function CallPanel({ connection, callId, version, theme, listed, onSelect, onClose }: CallPanelProps) {
  const panel = useRef<HTMLElement>(null);
  const ended = useRef(false);
  // One that has ended does not change any more.
  const loaded = useRefreshed<CallReply>((signal) => connection.call(callId, signal), {
    key: callId,
    version: ended.current ? 0 : version,
    everyMs: 500,
  });
  const reply = loaded.data?.callId === callId ? loaded.data : undefined;
  ended.current = reply !== undefined && reply.state !== "running";

  useEffect(() => {
    const opener = document.activeElement;
    const close = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      const row = document.querySelector<HTMLElement>(".row.selected");
      onClose();
      (row ?? (opener as HTMLElement | null))?.focus?.();
    };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [onClose]);

  const at = listed.indexOf(callId);
  const step = (by: number) => {
    const next = at < 0 ? undefined : listed[at + by];
    if (next !== undefined) onSelect(next);
  };
  return (
    <aside class="call" ref={panel} aria-labelledby="call-title" tabIndex={-1}>
      <header class="call-head">
        <div class="call-name">
          <h2 id="call-title">
            <span class="hidden">Call </span>
            {callId}
          </h2>
        </div>
        <button
          type="button"
          class="icon-button"
          onClick={() => step(-1)}
          disabled={at <= 0}
          aria-label="Next newer call"
          title="Next newer call"
        >
          <Up />
        </button>
        <button
          type="button"
          class="icon-button"
          onClick={() => step(1)}
          disabled={at < 0 || at === listed.length - 1}
          aria-label="Next older call"
          title="Next older call"
        >
          <Down />
        </button>
        <button
          type="button"
          class="icon-button"
          onClick={onClose}
          aria-label="Close the call"
          title="Close (Esc)"
        >
          <Close />
        </button>
      </header>
      <div class="call-body">
        {loaded.error && loaded.key !== callId && (
          <p class="banner" role="alert">
            {loaded.error.message}
          </p>
        )}
        {reply ? <Whole reply={reply} theme={theme} /> : !loaded.error && <div class="call-placeholder" />}
      </div>
    </aside>
  );
}

function Whole({ reply, theme }: { reply: CallReply; theme: Theme }) {
  const { state, start, record, lines } = reply;
  const begun = record ?? start;
  const told = lines.flatMap(({ entry }) => (entry.event === "attempt" ? [entry.attempt] : []));
  const attempts = record?.attempts ?? told;
  const winner = record?.answeredBy;
  return (
    <>
      <div class="call-sum">
        <State state={state} />
        {record && <b class="num">{duration(record.durationMs)}</b>}
        {record?.cost && (
          <span class="num">
            {money(record.cost.usd)}
            {record.cost.estimated ? " estimated" : ""}
          </span>
        )}
        {begun && <span class="num faint">{fullMoment(Date.parse(begun.startedAt))}</span>}
      </div>
      <p class="call-says">
        {winner && (
          <>
            Answered by <b>{winner.model}</b>
            {winner.servedBy ? ` at ${winner.servedBy}` : ""}, attempt {winner.attempt} of {attempts.length}.
          </>
        )}
        {state === "running" && "Still running. Attempts appear as they end."}
        {state === "unknown" && "Its process died before it ended: nobody knows what came of it."}
        {record?.error && (
          <>
            No answer: <b>{record.error.code}</b>, after {record.error.class.replaceAll("_", " ")}.
          </>
        )}
      </p>
      {begun && (
        <section aria-labelledby="lanes-title">
          <h3 id="lanes-title">Attempts</h3>
          <WaterfallChart
            waterfall={waterfallOf(begun.startedAt, attempts, record)}
            skipped={record?.skipped ?? []}
            winner={winner?.attempt}
            theme={theme}
          />
          <AttemptTable attempts={attempts} skipped={record?.skipped ?? []} />
        </section>
      )}
      {begun && <CallFacts begun={begun} record={record} />}
      <CallLines lines={lines} />
    </>
  );
}
