import type { FlapRun } from "./bench-flap.js";
import type { Judged } from "./bench-scenario.js";
import type { FaultCase } from "./fault-case.js";
import type { Observation } from "./trial.js";

/** What one fault came to, streamed and not. */
export interface FaultResult {
  fault: FaultCase;
  streamed: Observation;
  whole: Observation;
  /** With a key of its own for the fallback. */
  otherKey?: Observation;
}

/** Cells of a row that do not change from run to run, as they stand in docs/faults.md. */
export function faultCells({ fault, streamed, whole, otherKey }: FaultResult): string {
  const failure = streamed.record.attempts[0]?.failure;
  const cells = [
    ...(fault.row === undefined ? [] : [String(fault.row)]),
    `\`${fault.name}\``,
    fault.does,
    outcome(streamed) + (otherKey ? `; with a key of its own: ${outcome(otherKey)}` : ""),
    outcome(whole),
    failure?.class ?? "–",
    streamed.requests.join(" / "),
  ];
  return row(cells);
}

export function benchCells({ scenario, verdict, broken, run }: Judged): string {
  const requests = `${run.primary.length} / ${run.fallback.length}`;
  return row([scenario.id, scenario.title, scenario.does, verdict, broken.join("; ") || "–", requests]);
}

export interface Report {
  survey: FaultResult[];
  matrix: FaultResult[];
  bench: Judged[];
  flap: FlapRun;
  machine: string;
  date: string;
}

export function faultsPage(report: Report): string {
  const { survey, matrix, bench, flap, machine, date } = report;
  const line = (result: FaultResult) =>
    `${faultCells(result)} ${Math.round(result.streamed.ms)} / ${Math.round(result.whole.ms)} |`;
  const both = ({ streamed, whole }: FaultResult) => [streamed.verdict, whole.verdict];
  const count = (wanted: (verdict: Observation["verdict"]) => boolean, how: "every" | "some") =>
    survey.filter((result) => both(result)[how](wanted)).length;
  const answers = count((verdict) => verdict === "primary" || verdict === "fallback", "every");
  const hung = count((verdict) => verdict === "hung", "some");
  const torn = count((verdict) => verdict === "torn", "some");
  const errors = survey.length - answers - hung - torn;
  const passes = bench.filter(({ verdict }) => verdict === "pass").length;
  const flapped =
    flap.lost === 0 &&
    flap.primaryDuring / flap.during <= 0.6 &&
    flap.recoveredMs !== undefined &&
    flap.recoveredMs <= 30_000;
  return `# What happens when a provider fails

Every line of this page is the outcome of real calls over real sockets: a faulty primary model beside a healthy
fallback, once streamed and once not. \`npm run docs:faults\` runs them again and writes the page; the tests in
\`test/wire/\` run the same tables and fail when a line (but for its milliseconds) no longer holds.

Run on ${date}: ${machine}.

- An answer counts only when it is all of one model's, to the letter, both as merged object and in a loop that follows
  \`restart\` parts. After each call nothing is left: no open response, no socket, no timer, no abort listener.
- \`fallback, restarted\`: text of the primary was shown before it died, and a \`restart\` part took it back.
- Where a silence is waited out, the clock in question is 300 ms instead of its default, on the primary only. Backoff is
  the default with its jitter fixed at a fifth. All other options are the defaults.
- Requests are what the provider saw: primary / fallback. Milliseconds are those of the call: streamed / not.

## The 33 faults of the field survey

${answers} of ${survey.length} end in a full answer, ${errors} in a typed error, where asking another model would be wrong: a bad
request, filtered content, or a dead key that the fallback shares. ${hung} hang; ${torn} answers are cut short, empty or mixed.

| fault | the primary | streamed | not streamed | class | requests | ms |
|---|---|---|---|---|---|---|
${survey.map(line).join("\n")}

For comparison, the same faults on other systems, measured by us in the field survey of 2026-11-23 with a fault server of
its own (Node 24.21, Linux, 2 cores, cap 10 s; of each system the settings that served it best). "Silently wrong" is a
truncated, empty or mixed answer that looks like a success. The survey counts every answer of the fallback as one, also
to a bad request, flagged input and a dead key, which are our ${errors} errors.

| system | full answers | errors | hung | silently wrong |
|---|---|---|---|---|
| this package, ${date} | ${answers} of ${survey.length} | ${errors} | ${hung} | ${torn} |
| ai-retry 2.4.0, tuned (ai 7.0.173) | 22 of 33 | 8 | 2 | 1 |
| LangChain JS withFallbacks, tuned, not streamed (core 1.4.0, openai 1.6.0) | 19 of 21 | 0 | 1 | 1 |
| LangChain JS withFallbacks, tuned, streamed | 16 of 33 | 5 | 6 | 6 |
| Portkey gateway 1.15.2, tuned | 16 of 33 | 4 | 5 | 8 |
| ai-fallback 3.0.0 | 11 of 33 | 13 | 6 | 3 |
| openai SDK 7.57.0 alone, without a fallback | 3 of 33 | 18 | 6 | 6 |

## The fault matrix

What a network and a server can do to a client, row by row. (Rows 1, 3 and 46–48, which the caller brings about, are in
\`test/wire/canaries.test.ts\` and \`test/wire/abort.test.ts\`. Rows 7–9 count connections, not requests.)

| row | fault | the primary | streamed | not streamed | class | requests | ms |
|---|---|---|---|---|---|---|---|
${matrix.map(line).join("\n")}

## Failover Bench

The scenarios of [Failover Bench](https://github.com/failoverbench/failoverbench), methodology v0.1, in our own words and
code, with its published times and checks: ours to run, not an entry in its scorecard. All options are the defaults but
\`firstTokenMs: 10_000\`, which S07 asks for. The tests run them at a tenth of these times. S14 stands twice, since what
it looks for can only happen with \`recovery: "continue"\`.

${passes} of ${bench.length} runs pass. In the scorecard of 2026-09-12 (third party) the best product passes 12 of its 16 scenarios.

| id | scenario | the primary | verdict | broken checks | requests | s |
|---|---|---|---|---|---|---|
${bench.map((one) => `${benchCells(one)} ${(one.run.ms / 1_000).toFixed(1)} |`).join("\n")}

S15, a primary that answers 503 for 60 s and is well again (20 calls, one every 4 s): ${flapped ? "pass" : "no pass"}. ${flap.served} of the ${flap.during} calls
during the outage got the whole answer, ${flap.lost} of ${flap.calls} were lost, and the primary answered again ${((flap.recoveredMs ?? Number.NaN) / 1_000).toFixed(1)} s
after it was well. The dead primary was asked ${flap.primaryDuring} times meanwhile, ${(flap.primaryDuring / flap.during).toFixed(2)} times per call.
`;
}

function outcome({ verdict, restarts, error }: Observation): string {
  if (error) return `error \`${verdict}\``;
  return restarts > 0 ? `${verdict}, restarted` : verdict;
}

function row(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}
