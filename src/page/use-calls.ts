import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { CallRow, CallsReply } from "../serve/wire.js";
import type { Connection } from "./connection.js";
import { useRefreshed } from "./use-refreshed.js";

const EVERY_MS = 700;
const PAGE = 100;
/** More rows than that are slow to draw and of no use: narrow the filter. */
const MOST_ROWS = 2_000;

export interface Calls {
  rows: readonly CallRow[];
  /** New ones that wait until they may be shown. */
  waiting: number;
  /** `waiting` are only those that fit on a page. */
  more: boolean;
  choices: CallsReply["choices"];
  /** There are older ones. */
  older: boolean;
  full: boolean;
  loaded: boolean;
  error: Error | undefined;
  showWaiting(): void;
  loadOlder(): void;
}

interface Listed {
  key: string;
  rows: CallRow[];
  next: string | null;
  waiting: CallRow[];
  /** The first page, which nothing that is shown reaches back to. */
  apart: boolean;
}

const NONE: Listed = { key: "", rows: [], next: null, waiting: [], apart: false };
const NO_CHOICES: CallsReply["choices"] = { targets: [], failures: [], labels: [] };

/**
 * The calls that `parameters` ask for. What is shown is kept up to date in place; new calls come on top, unless `steady`:
 * then they wait, so that nothing moves under the reader's eyes.
 */
export function useCalls(
  connection: Connection,
  {
    parameters,
    version,
    steady,
  }: { parameters: () => Record<string, string>; version: number; steady: () => boolean },
  key: string,
): Calls {
  const [listed, setListed] = useState<Listed>(NONE);
  const loadingOlder = useRef(false);
  const head = useRefreshed((signal) => connection.calls({ ...parameters(), limit: String(PAGE) }, signal), {
    key,
    version,
    everyMs: EVERY_MS,
  });
  const { data } = head;

  // `steady` is asked when something has come, and not before.
  useEffect(() => {
    if (!data || head.key === undefined) return;
    setListed((before) => merged(before, data, head.key as string, steady()));
  }, [data]);

  const showWaiting = useCallback(() => {
    setListed((before) =>
      before.apart || !data
        ? { ...before, rows: data?.calls ?? [], next: data?.next ?? null, waiting: [], apart: false }
        : { ...before, rows: [...before.waiting, ...before.rows], waiting: [] },
    );
  }, [data]);

  const loadOlder = () => {
    const { next, rows } = listed;
    if (next === null || rows.length >= MOST_ROWS || loadingOlder.current) return;
    loadingOlder.current = true;
    connection
      .calls({ ...parameters(), limit: String(PAGE), cursor: next }, new AbortController().signal)
      .then((page) => {
        setListed((now) =>
          now.key === listed.key && now.next === next
            ? { ...now, rows: [...now.rows, ...page.calls], next: page.next }
            : now,
        );
      })
      // The live connection tells that the server is away.
      .catch(() => {})
      .finally(() => {
        loadingOlder.current = false;
      });
  };

  const { rows, waiting, next, apart } = listed;
  return {
    rows,
    waiting: waiting.length,
    more: apart,
    choices: data?.choices ?? NO_CHOICES,
    older: next !== null,
    full: rows.length >= MOST_ROWS,
    loaded: listed.key === key,
    error: head.error,
    showWaiting,
    loadOlder,
  };
}

function merged(before: Listed, { calls, next }: CallsReply, key: string, steady: boolean): Listed {
  if (before.key !== key) return { key, rows: [...calls], next, waiting: [], apart: false };
  const known = new Set(before.rows.map(({ callId }) => callId));
  const fresh = new Map(calls.map((call) => [call.callId, call]));
  const last = calls.at(-1);
  // A call that the first page would hold and does not is one that no longer fits the filter.
  const rows = before.rows
    .map((row) => fresh.get(row.callId) ?? row)
    .filter(({ callId, at }) => fresh.has(callId) || (next !== null && last !== undefined && at <= last.at));
  const added = calls.filter(({ callId }) => !known.has(callId));
  if (added.length === 0) return { ...before, rows, waiting: [], apart: false };
  const apart = next !== null && added.length === calls.length && before.rows.length > 0;
  if (steady) return { ...before, rows: apart ? before.rows : rows, waiting: added, apart };
  if (apart) return { ...before, rows: [...calls], next, waiting: [], apart: false };
  // Those of several writers may come between the ones that are shown.
  return { ...before, rows: [...added, ...rows].sort((a, b) => b.at - a.at), waiting: [], apart: false };
}
