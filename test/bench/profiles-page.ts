import type { Machine } from "./machine.js";
import { figures } from "./numbers.js";
import { FROM } from "./origin.js";
import { THIS_PACKAGE } from "./owner.js";
import { functionsOf, threadOf } from "./profile-reading.js";
import { isOurs, PROFILES, type Profile, watched } from "./profiles.js";
import { labelOf } from "./roster.js";
import type { Samples } from "./samples.js";
import { medianOf } from "./statistics.js";
import { markdown } from "./tables.js";

export type AboutProfiles = Pick<Machine, "text" | "load" | "date"> & { rounds: number };

const MOST_FUNCTIONS = 12;

/** Medians of µs by name; a round in which a name has no sample counts as 0. */
export function medians(samples: Samples, measure: string, contestant: string): Record<string, number> {
  const values = samples.values[measure]?.[contestant] ?? {};
  const rounds = Math.max(0, ...Object.values(values).map(({ length }) => length));
  return Object.fromEntries(
    Object.entries(values).map(([name, found]) => [
      name,
      medianOf([...found, ...Array<number>(rounds - found.length).fill(0)]),
    ]),
  );
}

/** Owners by contestants, what costs `last` most at the top; at the bottom sums, and what there was to see. */
export function ownerTable(samples: Samples, measure: string, contestants: string[], last: string): string {
  const columns = contestants.map((name) => medians(samples, measure, name));
  const sums = columns.map((column) => Object.values(column).reduce((sum, us) => sum + us, 0));
  const key = medians(samples, measure, last);
  const most = (owner: string) => Math.max(...columns.map((column) => column[owner] ?? 0));
  const owners = [...new Set(columns.flatMap((column) => Object.keys(column)))]
    .filter((owner) => most(owner) > 0)
    .sort((a, b) => (key[b] ?? 0) - (key[a] ?? 0) || most(b) - most(a));
  const threadText = (name: string) => {
    const us = samples.median(threadOf(measure), name, "cpuUs");
    return us === undefined ? "" : figures(us);
  };
  const cell = (us: number, index: number) => {
    const sum = sums[index] as number;
    return us === 0 ? "0" : `${figures(us)} (${Math.round((us / sum) * 100)} %)`;
  };
  return markdown(
    ["", ...contestants.map(labelOf)],
    [
      ...owners.map((owner) => [owner, ...columns.map((column, index) => cell(column[owner] ?? 0, index))]),
      ["all, main thread", ...sums.map(figures)],
      ["CPU time of that thread", ...contestants.map(threadText)],
    ],
  );
}

/** The functions of ours in which a contestant is longest. */
export function functionTable(samples: Samples, measure: string, contestant: string): string {
  const rows = Object.entries(medians(samples, measure, contestant))
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_FUNCTIONS)
    .map(([name, us]) => [...name.split(FROM).map((part) => `\`${part}\``), figures(us)]);
  return markdown(["function", "module", "µs"], rows);
}

/** docs/benchmarks/profiles.md */
export function profilesPage({ text, load, date, rounds }: AboutProfiles, samples: Samples): string {
  return `# Profiles

Where the time goes in some shapes of the [benchmarks](../benchmarks.md), by whose code is at the top of the stack. \`npm run bench -- --profile\` takes and writes them.

- V8's sampling profiler, each 100 µs, during the measured load only; waiting is left out. A sampling profiler slows what it watches: read shares, not sums.
- Main thread only: the threads on which V8 compiles and collects and those of libuv are not in it.
- Medians of ${rounds} round${rounds === 1 ? "" : "s"}, each in a fresh process, taking turns (A B C A B C …); µs per event or call, in brackets the share of the contestant's sum. Each sample counts once, for the function that it met.
- A built-in function such as \`JSON.parse\` has no frame of its own: it counts for whoever calls it. \`V8 and system calls\` is what has a frame but no script: functions of Node's C++, down to the kernel, and V8's microtasks. \`(program)\` is C++ that no function called. \`undici\` is with its wasm, also where Node's own \`fetch\` uses one. The floor's own code, and so its \`JSON.parse\`, is the benchmark itself.
- CPU time of that thread: what the system counts. It is more than the sum where libuv polls and reads sockets between two callbacks, which V8 takes for idle, and has the profiler's own signals in it; it is less where the thread waited for a core or for V8's collecting threads.

${date}, ${text}; load average ${load.toFixed(1)} before it began.

${PROFILES.map((profile) => profileText(profile, samples)).join("\n\n")}
`;
}

function profileText(profile: Profile, samples: Samples): string {
  const { title, text, contestants } = profile;
  const { name } = watched(profile);
  const last = contestants.filter(isOurs).at(-1) as string;
  const notes = Object.entries(samples.notes[name] ?? {});
  const present = contestants.filter((each) => samples.values[name]?.[each]);
  return [
    `## ${title}`,
    text,
    ownerTable(samples, name, present, last),
    ...notes.map(([contestant, note]) => `${labelOf(contestant)}: ${note.replace(/\s+/g, " ")}`),
    `${labelOf(last)}, in ${THIS_PACKAGE}:`,
    functionTable(samples, functionsOf(name), last),
  ].join("\n\n");
}
