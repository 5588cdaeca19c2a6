import { useMemo } from "preact/hooks";
import type { Report } from "../report/report.js";
import { Dashboard } from "./dashboard.js";
import { count, span } from "./format.js";
import { Header } from "./header.js";
import { useTheme } from "./theme.js";
import { Tiles } from "./tiles.js";

/** A report in a file: the same charts, without a server. */
export function StaticReport({ report }: { report: Report }) {
  const [theme, toggle] = useTheme();
  const { fromMs, stepMs, buckets } = report.series;
  const from = fromMs;
  const to = fromMs + Math.max(1, buckets) * stepMs;
  const says = useMemo(() => {
    if (!report.period) return "no calls";
    return `${span(Date.parse(report.period.from), Date.parse(report.period.to))} · ${count(report.calls.total)} calls`;
  }, [report]);
  return (
    <>
      <Header theme={theme} onTheme={toggle}>
        <p class="period num">{says}</p>
      </Header>
      <main class="page" id="main">
        <Tiles report={report} />
        <Dashboard report={report} theme={theme} from={from} to={to} />
      </main>
    </>
  );
}
