import { labelOf } from "./roster.js";
import { SELDOM } from "./stages.js";
import type { ColumnName } from "./tables.js";

/** A part of the page about one measure. */
export interface Section {
  measure: string;
  title: string;
  text: string;
  columns: ColumnName[];
  plot?: { metric: ColumnName; title: string; unit: string };
}

const COSTS: ColumnName[] = ["cpuUs", "wallUs", "rssGrowth", "heapHeld"];
const cpuPlot = (title: string, per: string) => ({
  metric: "cpuUs" as const,
  title,
  unit: `µs of CPU per ${per}`,
});

export const SECTIONS: Section[] = [
  {
    measure: "sustained",
    title: "Sustained: 200 streams of 2 000 events at once",
    text:
      "The server has everything ready, so a client is as fast as it can be. Per event, in a process that has made 2 000 short calls before. RSS growth is that of the whole load; the heap at its end holds each contestant's own code too. " +
      `${SELDOM.names.map(labelOf).join(", ")}: ${SELDOM.rounds} rounds here and in the short calls, since they take long and no bar is about them.`,
    columns: COSTS,
    plot: cpuPlot("Sustained: 200 streams × 2 000 events", "event"),
  },
  {
    measure: "memory",
    title: "Memory: the same load as the first work of a process",
    text: "A process at work has grown by then, whoever works in it, and what it grows by further says little: here nothing but one call came before.",
    columns: ["rssGrowth", "rssPeak", "heapHeld"],
  },
  {
    measure: "paced",
    title: "Paced: one event per network read",
    text: "Two times 50 streams at once of 200 events, one each 5 ms, as models speak. Per event, each call's own cost included; the clock tells the pace.",
    columns: ["cpuUs"],
    plot: cpuPlot("Paced: an event each 5 ms, 50 streams", "event"),
  },
  {
    measure: "burst",
    title: "Burst: a young process, a whole answer at once",
    text: "Four calls of 2 000 events after three to begin with, one at a time: what a command-line tool or a function meets, before the compiler is done.",
    columns: ["cpuUs", "wallUs", "firstMs"],
    plot: cpuPlot("Burst: seven calls in the life of a process", "event"),
  },
  {
    measure: "burst-node24",
    title: "Burst on Node 24",
    text: "The same under Node 24, whose compiler does more sooner.",
    columns: ["cpuUs", "wallUs", "firstMs"],
  },
  {
    measure: "short-64",
    title: "Short calls, 64 at once",
    text: "20 events per call; CPU per call.",
    columns: ["cpuUs", "wallUs"],
    plot: cpuPlot("Short calls of 20 events, 64 at once", "call"),
  },
  {
    measure: "short-1",
    title: "Short calls, one at a time",
    text: "20 events per call; CPU per call, and time to its first text.",
    columns: ["cpuUs", "wallUs", "firstMs"],
    plot: cpuPlot("Short calls of 20 events, one at a time", "call"),
  },
  {
    measure: "short-1000",
    title: "Short calls, 1 000 at once",
    text: "20 events per call; CPU per call, over connections that are open.",
    columns: ["cpuUs", "wallUs"],
    plot: cpuPlot("Short calls of 20 events, 1 000 at once", "call"),
  },
  {
    measure: "first",
    title: "First content",
    text: "From the call until its first text, one call at a time, a server that sends the first event at once and the next after 1 ms; the median of 150 calls in each round.",
    columns: ["firstMs", "cpuUs"],
    plot: { metric: "firstMs", title: "First content", unit: "ms from the call to its first text" },
  },
  {
    measure: "import",
    title: "Cold import",
    text: "A fresh process for each: how long the import takes, and the resident size after it.",
    columns: ["ms", "rss"],
    plot: { metric: "ms", title: "Cold import", unit: "ms" },
  },
];
