import { ask, here } from "./children.js";
import { entrant } from "./roster.js";
import type { Reading } from "./samples.js";
import { atWork, first, paced, type Session, type Shape, short64, sustained } from "./shapes.js";
import { type Setup, type Stage, TWO } from "./stages.js";
import type { LoadOrder } from "./worker.js";

/** Who is watched, in the last shape of a session. */
export interface Profile {
  title: string;
  text: string;
  session: Session;
  contestants: string[];
}

export const PROFILES: Profile[] = [
  {
    title: "Paced: one event per network read",
    text: "Two times 50 streams at once of 200 events, one each 5 ms. Per event.",
    session: [atWork(), paced()],
    contestants: ["floor", "provider", "model"],
  },
  {
    title: "First content",
    text: "One call at a time, of 4 events, one each ms, after 3 000 short calls. Per call, all of it: also what follows the first text.",
    session: [short64(2, 100), first()],
    contestants: ["floor", "chain", "model", "published"],
  },
  {
    title: "Short calls, 64 at once",
    text: "20 events per call, after 15 000 such calls. Per call.",
    session: [short64()],
    contestants: ["provider", "chain", "model"],
  },
  {
    title: "Sustained, one delta per event",
    text: "200 streams at once of 2 000 events, from a server that has everything ready. Per event.",
    session: [atWork(), sustained()],
    contestants: ["floor", "model-per-event"],
  },
];

/** The shape that is watched. */
export function watched({ session }: Profile): Shape {
  return session.at(-1) as Shape;
}

export function isOurs(name: string): boolean {
  const { packages, peer } = entrant(name);
  return !peer && packages.includes("@aigne/open-router");
}

export function profileStages({ port, rounds }: Pick<Setup, "port" | "rounds">): Stage[] {
  return PROFILES.map((profile) => ({
    name: watched(profile).name,
    rounds,
    tasks: profile.contestants.map((name) => {
      const { module, peer } = entrant(name);
      const order: LoadOrder = {
        module: here(`./${module}`),
        port,
        session: profile.session,
        models: TWO,
      };
      // Else what was inlined while nobody watched counts as the function that it was put into.
      const flags = ["--detailed-line-info"];
      return {
        contestant: name,
        measures: [watched(profile).name],
        peer,
        run: () => ask<Reading>({ script: "profile-worker", order, flags }),
      };
    }),
  }));
}
