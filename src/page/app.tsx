import { useCallback, useEffect, useState } from "preact/hooks";
import type { Report } from "../report/report.js";
import type { JournalState } from "../serve/wire.js";
import { CallList } from "./call-list.js";
import { CallPanel } from "./call-panel.js";
import type { Connection } from "./connection.js";
import { Dashboard } from "./dashboard.js";
import { count, moment } from "./format.js";
import { Header, LiveDot, type LiveState, RangePicker } from "./header.js";
import { Message } from "./message.js";
import { asParameters } from "./parameters.js";
import { closedBoundsOf, nameOf, type Range, rangeNamed } from "./range.js";
import { useTheme } from "./theme.js";
import { Tiles } from "./tiles.js";
import { useRefreshed } from "./use-refreshed.js";

const OVERVIEW_EVERY_MS = 1_500;

/** A journal as a server tells it. */
export function App({ connection }: { connection: Connection }) {
  const [theme, toggle] = useTheme();
  const [journal, setJournal] = useState<JournalState>();
  const [connected, setConnected] = useState(true);
  const [denied, setDenied] = useState(false);
  const [range, setRange] = useState<Range>(() => rangeNamed(inAddress("range")));
  const [selected, setSelected] = useState<string | null>(() => inAddress("call"));
  // The calls in the order they are listed, for the panel's way to the next one.
  const [listed, setListed] = useState<readonly string[]>([]);

  useEffect(() => {
    const stop = new AbortController();
    const trouble = { onMessage: setJournal, onConnected: setConnected, onWrongToken: () => setDenied(true) };
    void connection.follow(trouble, stop.signal);
    return () => stop.abort();
  }, [connection]);

  useEffect(() => {
    const parameters = new URLSearchParams({
      range: nameOf(range),
      ...(selected !== null && { call: selected }),
    });
    history.replaceState(null, "", `#${parameters}`);
  }, [range, selected]);

  const version = journal?.version ?? 0;
  const overview = useRefreshed(
    async (signal) => {
      const bounds = closedBoundsOf(range);
      const { report } = await connection.overview(asParameters({ ...bounds }), signal);
      return { report, ...(bounds ?? axisOf(report.series)) };
    },
    { key: nameOf(range), version, everyMs: OVERVIEW_EVERY_MS },
  );
  const close = useCallback(() => setSelected(null), []);
  const zoom = useCallback((from: number, to: number) => setRange({ from, to }), []);

  if (denied)
    return (
      <Message title="The token is wrong">
        The server was started again, or this address is an old one. Open the address that{" "}
        <code>open-router audit serve</code> printed last.
      </Message>
    );
  const { data } = overview;
  return (
    <>
      <button type="button" class="skip" onClick={skipToCalls}>
        Skip to the calls
      </button>
      <Header theme={theme} onTheme={toggle}>
        <LiveDot {...liveState(journal, connected)} />
        <RangePicker range={range} onRange={setRange} />
      </Header>
      <main class="page" id="main" aria-busy={data === undefined}>
        {journal?.error !== undefined && (
          <p class="banner" role="alert">
            The journal is no longer read: {journal.error}
          </p>
        )}
        {overview.error && connected && (
          <p class="banner" role="alert">
            The overview could not be loaded: {overview.error.message}
          </p>
        )}
        {data ? (
          <>
            <Tiles report={data.report} />
            <Dashboard report={data.report} theme={theme} from={data.from} to={data.to} onZoom={zoom} />
          </>
        ) : (
          <div class="placeholder" aria-hidden="true" />
        )}
        <CallList
          connection={connection}
          version={version}
          range={range}
          selected={selected}
          loading={journal === undefined || journal.loading}
          nothingYet={journal?.calls === 0}
          keptSince={journal !== undefined && journal.kept < journal.calls ? journal.keptSince : null}
          onSelect={setSelected}
          onRange={setRange}
          onListed={setListed}
        />
      </main>
      {selected !== null && (
        <CallPanel
          connection={connection}
          callId={selected}
          version={version}
          theme={theme}
          listed={listed}
          onSelect={setSelected}
          onClose={close}
        />
      )}
    </>
  );
}

function inAddress(name: string): string | null {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}

/** The time that all calls fill. */
function axisOf({ fromMs, stepMs, buckets }: Report["series"]): { from: number; to: number } {
  const now = Date.now();
  return buckets === 0 ? { from: now - 3_600_000, to: now } : { from: fromMs, to: fromMs + buckets * stepMs };
}

function liveState(
  journal: JournalState | undefined,
  connected: boolean,
): { state: LiveState; note: string } {
  if (!connected) return { state: "disconnected", note: "trying again" };
  if (!journal) return { state: "reading", note: "" };
  const { loading, calls, kept, keptSince, running, error } = journal;
  if (error !== undefined) return { state: "stopped", note: "" };
  if (loading) return { state: "reading", note: `${count(calls)} calls` };
  const since = kept < calls && keptSince !== null ? `, shown since ${moment(keptSince)}` : "";
  return {
    state: "live",
    note: `${count(calls)} calls${running > 0 ? `, ${count(running)} running` : ""}${since}`,
  };
}

/** The address holds what is shown, so it cannot be the target of a link. */
function skipToCalls(): void {
  document.getElementById("search")?.focus();
}
