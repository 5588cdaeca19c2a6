import type { Line } from "../sim/support/line.js";

export interface ResilienceReport {
  lines: readonly Line[];
  /** Asked for, per setting. */
  calls: number;
  /** Of real time, for all. */
  ms: number;
  machine: string;
  date: string;
}

const SECTIONS: readonly { id: number; title: string; text: string }[] = [
  {
    id: 1,
    title: "Independent failures",
    text: `Three targets, 100 calls/s. Each request fails with the probability given for its target (500 after 50 ms), whatever
else happens; the rest are answered after 200 to 400 ms. Goal: the share of answered calls is 1 − ∏pᵢ, within its 99.9 %
binomial interval. Retries are off, since the formula knows of none; breakers are on, and must take bad luck for what it is.`,
  },
  {
    id: 2,
    title: "Outages",
    text: `Three targets, 20 calls/s. Each is up or down in blocks of 20 to 40 s, each block down with probability 0.3, whatever came
before and whatever the others do. A target answers what reaches it while it is up; else 503 after 50 ms. The oracle asks
once, the moment the call arrives, a target that it knows to be up. A chain that waits, for a retry say, may do better.`,
  },
  {
    id: 3,
    title: "Everything is down",
    text: `Three targets, 100 calls/s for 60 s; every request gets 503 after 50 ms. The figure is the worst of the seeds.`,
  },
  {
    id: 4,
    title: "After an overload",
    text: `Two models at one server with 20 slots, 200 ms of service on average (exponential) and room for 300 to wait; 70 calls/s,
which is 70 % of what it can do. For 20 s it has 4 slots. Callers give up after 2 s without content; the server does not
notice and works for them all the same. The load is what reaches the server, over every 5 s; the limit of 40 s is twice the
default \`maxOpenMs\`. The figures are the worst of the seeds.`,
  },
  {
    id: 5,
    title: "Stalls",
    text: `Two models, 20 calls/s. First content after 400 ms (median; log-normal, 95 % within 655 ms), but 20 s later in 2 % of the
requests, at either model.`,
  },
];

export function resiliencePage({ lines, calls, ms, machine, date }: ResilienceReport): string {
  const met = lines.filter((line) => line.goal !== "–" && line.met).length;
  const goals = lines.filter(({ goal }) => goal !== "–").length;
  const section = ({ id, title, text }: (typeof SECTIONS)[number]) => `## ${title}

${text}

| setting | goal | measured | met | calls | seed |
|---|---|---|---|---|---|
${lines
  .filter((line) => line.id === id)
  .map(row)
  .join("\n")}
`;
  return `# What the chain does under load and outage

What cannot be seen in a single call: how often a chain answers when its targets fail by chance or for a while, how many
requests it spends on those that are down, and whether a server that it has overloaded can recover. These are simulations
with goals set beforehand. \`SIM_CALLS=${calls} npm run docs:resilience\` runs them again and writes this page; \`test/sim/\`
holds the same runs, shorter, as tests.

${met} of ${goals} goals are met. Run on ${date}: ${machine}, ${Math.round(ms / 1_000)} s.

- **Real**: the chain, from \`FallbackChain.stream\` down: strategy, admission, retries, clocks, hedging, commitment, record.
  Unless a setting says otherwise, all options are the defaults.
- **Simulated**: time, chance and the provider. Time moves from timer to timer, once every promise is settled, so that an
  hour takes seconds. All chance comes from the seed: the same seed gives the same run to the last event, which the tests
  verify by a hash over all requests and outcomes. The provider is a function of time and chance.
- **Not shown**: sockets, HTTP, bytes and CPU time, which take no time here (for those see [faults](faults.md)); how often
  real providers fail, and whether they fail independently, which they often do not; several processes at one provider.

${SECTIONS.map(section).join("\n")}`;
}

function row({ setting, goal, measured, met, calls, seeds }: Line): string {
  const seed = seeds.length > 1 ? `${seeds[0]}–${seeds.at(-1)}` : `${seeds[0]}`;
  const verdict = goal === "–" ? "–" : met ? "yes" : "**no**";
  return `| ${[setting, goal, measured, verdict, calls.toLocaleString("en-US").replaceAll(",", " "), seed].join(" | ")} |`;
}
