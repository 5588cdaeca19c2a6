import type { Profiler } from "node:inspector";
import { unitsOf } from "./load.js";
import { originNames } from "./origin.js";
import { ownerOf, THIS_PACKAGE } from "./owner.js";
import type { Reading } from "./samples.js";
import { type Frame, selfTimes, totals } from "./self-time.js";
import type { Shape } from "./shapes.js";

/** A measured load that was watched. */
export interface Watched {
  profile: Profiler.Profile;
  /** CPU time of the main thread, whether it was seen or not. */
  threadUs: number;
}

/** Measures of a shape beside its owners, which have its own name. */
export const functionsOf = (shape: string) => `${shape}, functions`;
export const threadOf = (shape: string) => `${shape}, thread`;

/** µs per unit: by owner, by function of ours, and of the thread. `root`: the repository's URL, with a slash at its end. */
export function readingOf({ profile, threadUs }: Watched, shape: Shape, root: string): Reading {
  const owner = (frame: Frame) => ownerOf(frame, root);
  const times = selfTimes(profile);
  const ours = times.filter(({ frame }) => owner(frame) === THIS_PACKAGE);
  const units = unitsOf(shape);
  return {
    [shape.name]: totals(times, owner, units),
    [functionsOf(shape.name)]: totals(ours, originNames(), units),
    [threadOf(shape.name)]: { cpuUs: threadUs / units },
  };
}
