import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { judged } from "./bars.js";
import { benchmarkPage, plots, type Results } from "./page.js";
import { type AboutProfiles, profilesPage } from "./profiles-page.js";
import { Samples } from "./samples.js";

const RESULTS = "docs/benchmarks/results.json";
const PROFILES_PAGE = "docs/benchmarks/profiles.md";

/** Those of the last full run. */
export function lastResults(): Results {
  return JSON.parse(readFileSync(RESULTS, "utf8")) as Results;
}

/** Writes results, plots and page. */
export function publish(results: Results): void {
  const samples = new Samples(results.values, results.notes);
  mkdirSync("docs/benchmarks", { recursive: true });
  writeFileSync(RESULTS, resultsJson(results));
  for (const [name, svg] of Object.entries(plots(samples))) writeFileSync(`docs/benchmarks/${name}.svg`, svg);
  writeFileSync("docs/benchmarks.md", benchmarkPage(results, judged(samples, "full")));
}

/** Writes the page of profiles; its path. */
export function publishProfiles(about: AboutProfiles, samples: Samples): string {
  mkdirSync("docs/benchmarks", { recursive: true });
  writeFileSync(PROFILES_PAGE, profilesPage(about, samples));
  return PROFILES_PAGE;
}

function resultsJson(results: object): string {
  const short = (_: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  // One list to a line: a round's numbers belong together.
  return `${JSON.stringify(results, short, 1).replace(/\[\s+([-\d.,\se]+?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, " ")}]`)}\n`;
}
