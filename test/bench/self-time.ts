import type { Profiler, Runtime } from "node:inspector";

export type Frame = Pick<Runtime.CallFrame, "functionName" | "url" | "lineNumber">;

/** How long a frame was at the top of the stack. */
export interface SelfTime {
  frame: Frame;
  us: number;
}

/** µs by frame, without the waiting of an idle thread and without what the profiler's own orders took. */
export function selfTimes({ nodes, samples = [], timeDeltas = [], startTime, endTime }: Profiler.Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const ours = (id: number): boolean => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at))
      if (isOrder((byId.get(at) as Profiler.ProfileNode).callFrame)) return false;
    return byId.get(id)?.callFrame.functionName !== "(idle)";
  };
  const us = new Map<number, number>();
  let at = startTime;
  samples.forEach((id, index) => {
    at += timeDeltas[index] as number;
    // A delta leads up to its sample; what a sample stands for lasts until the next.
    const lasted = timeDeltas[index + 1] ?? endTime - at;
    us.set(id, (us.get(id) ?? 0) + lasted);
  });
  return [...us].flatMap(([id, us]): SelfTime[] =>
    ours(id) ? [{ frame: (byId.get(id) as Profiler.ProfileNode).callFrame, us }] : [],
  );
}

function isOrder({ functionName, url }: Frame): boolean {
  return functionName === "post" ? url === "node:inspector" : functionName === "dispatch" && url === "";
}

/** µs by name, each divided by `units`. */
export function totals(
  times: readonly SelfTime[],
  nameOf: (frame: Frame) => string,
  units: number,
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { frame, us } of times) {
    const name = nameOf(frame);
    found[name] = (found[name] ?? 0) + us / units;
  }
  return found;
}
