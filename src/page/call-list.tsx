import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { CallFilters, type Filters, NO_FILTERS } from "./call-filters.js";
import { CallRow } from "./call-row.js";
import type { Connection } from "./connection.js";
import { count, day, moment } from "./format.js";
import { asParameters } from "./parameters.js";
import { boundsOf, nameOf, type Range } from "./range.js";
import { useCalls } from "./use-calls.js";

export interface CallListProps {
  connection: Connection;
  version: number;
  range: Range;
  selected: string | null;
  /** The journal is still being read. */
  loading: boolean;
  /** The journal has no calls at all. */
  nothingYet: boolean;
  /** Older calls are in the journal, and not here. */
  keptSince: number | null;
  onSelect: (callId: string) => void;
  onRange: (range: Range) => void;
  onListed: (callIds: readonly string[]) => void;
}

const SEARCH_AFTER_MS = 150;
const COLUMNS = [
  ["Time", "c-time"],
  ["Outcome", "c-state"],
  ["Target", "c-target"],
  ["Attempts", "c-way"],
  ["Failure", "c-failure"],
  ["First content", "c-first"],
  ["Duration", "c-duration"],
  ["Cost", "c-cost"],
  ["Labels", "c-labels"],
  ["User", "c-user"],
] as const;

/** The calls, latest first: filtered, searched, walked through with the arrow keys. */
export function CallList({
  connection,
  version,
  range,
  selected,
  loading,
  nothingYet,
  keptSince,
  onSelect,
  onRange,
  onListed,
}: CallListProps) {
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const asked = useSettled(filters);
  const [current, setCurrent] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const steady = () =>
    (top.current?.getBoundingClientRect().top ?? 0) < 0 ||
    list.current?.contains(document.activeElement) === true;
  const key = `${nameOf(range)} ${JSON.stringify(asked)}`;
  const calls = useCalls(
    connection,
    { parameters: () => asParameters({ ...boundsOf(range), ...asked }), version, steady },
    key,
  );
  const { rows, showWaiting, loadOlder } = calls;
  const ids = useMemo(() => rows.map(({ callId }) => callId), [rows]);
  const longest = useMemo(
    () => rows.reduce((most, { durationMs = 0 }) => Math.max(most, durationMs), 1),
    [rows],
  );

  useEffect(() => onListed(ids), [ids, onListed]);
  // What is open is where the keys go on.
  useEffect(() => {
    const at = selected === null ? -1 : ids.indexOf(selected);
    if (at >= 0) setCurrent(at);
  }, [selected, ids]);

  useEffect(() => {
    const focusSearch = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
      if (event.key !== "/" || inField || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      document.getElementById("search")?.focus();
    };
    addEventListener("keydown", focusSearch);
    return () => removeEventListener("keydown", focusSearch);
  }, []);

  const rowAt = (index: number) => list.current?.querySelectorAll<HTMLElement>("[data-call]")[index];
  const open = useCallback(
    (index: number) => {
      const id = ids[index];
      if (id === undefined) return;
      setCurrent(index);
      // Asked for once more: the keys go on in it.
      if (id === selected) document.querySelector<HTMLElement>(".call")?.focus();
      else onSelect(id);
    },
    [ids, onSelect, selected],
  );
  const move = (index: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    setCurrent(to);
    rowAt(to)?.focus();
    if (selected !== null) open(to);
    if (to > rows.length - 5) loadOlder();
  };
  const onKey = (event: KeyboardEvent) => {
    const to = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + 10,
      PageUp: current - 10,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter") open(current);
    else return;
    event.preventDefault();
  };

  return (
    <section class="calls" id="calls" aria-labelledby="calls-title">
      <div ref={top} />
      <div class="calls-head">
        <h2 id="calls-title">
          Calls{" "}
          <span class="num faint">
            {calls.loaded ? `${count(rows.length)}${calls.older ? "+" : ""}` : ""}
          </span>
        </h2>
        <CallFilters filters={filters} choices={calls.choices} onFilters={setFilters} />
      </div>
      {calls.waiting > 0 && (
        <div class="pill-place">
          <button
            type="button"
            class="pill num"
            onClick={() => {
              showWaiting();
              top.current?.scrollIntoView({ block: "start" });
              setCurrent(0);
            }}
          >
            {count(calls.waiting)}
            {calls.more ? "+" : ""} new
          </button>
        </div>
      )}
      <div class="row head" aria-hidden="true">
        {COLUMNS.map(([name, column]) => (
          <span key={name} class={column}>
            {name}
          </span>
        ))}
      </div>
      <div
        class="rows"
        role="listbox"
        tabIndex={-1}
        ref={list}
        aria-label="Calls, latest first"
        onKeyDown={onKey}
      >
        {rows.map((row, index) => (
          <CallRow
            key={row.callId}
            row={row}
            index={index}
            current={index === Math.min(current, rows.length - 1)}
            selected={row.callId === selected}
            newDay={day(row.at) !== day(rows[index - 1]?.at ?? Date.now())}
            longest={longest}
            onOpen={open}
          />
        ))}
      </div>
      <Foot>
        {calls.error && <p role="alert">The calls could not be loaded: {calls.error.message}</p>}
        {calls.loaded && rows.length === 0 && (
          <Empty
            filtered={asked !== NO_FILTERS}
            loading={loading}
            nothingYet={nothingYet}
            range={range}
            onAll={() => onRange("all")}
            onClear={() => setFilters(NO_FILTERS)}
          />
        )}
        {calls.older && !calls.full && (
          <button type="button" class="more" onClick={loadOlder}>
            Load older calls
          </button>
        )}
        {calls.older && calls.full && <p>More calls than can be listed: narrow the time or the filter.</p>}
        {!calls.older && rows.length > 0 && keptSince !== null && (
          <p>Calls before {moment(keptSince)} are in the journal, and not here.</p>
        )}
      </Foot>
    </section>
  );
}

const Foot = ({ children }: { children: ComponentChildren }) => <div class="calls-foot">{children}</div>;

interface EmptyProps {
  filtered: boolean;
  loading: boolean;
  nothingYet: boolean;
  range: Range;
  onAll: () => void;
  onClear: () => void;
}

function Empty({ filtered, loading, nothingYet, range, onAll, onClear }: EmptyProps) {
  if (loading) return <p>Reading the journal…</p>;
  if (nothingYet || (range === "all" && !filtered))
    return <p>The journal has no calls yet. They appear here as they are made.</p>;
  if (filtered)
    return (
      <p>
        No call fits the filter.{" "}
        <button type="button" class="link" onClick={onClear}>
          Clear it
        </button>
      </p>
    );
  return (
    <p>
      No calls in this time.{" "}
      <button type="button" class="link" onClick={onAll}>
        Show all calls
      </button>
    </p>
  );
}

/** The filters, when typing has paused. */
function useSettled(filters: Filters): Filters {
  const [settled, setSettled] = useState(filters);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(filters), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [filters]);
  return settled;
}
