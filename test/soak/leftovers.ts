import { getEventListeners } from "node:events";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { getGlobalDispatcher } from "undici";

/** What a process holds on to. */
export interface Holdings {
  /** Timers, sockets, servers, requests and the like that keep the process alive, by their type. */
  resources: Record<string, number>;
  /** In the heap, also those that keep nothing alive. */
  objects: Record<string, number>;
  processListeners: Record<string, number>;
}

// The class has no name to import it by.
const probe = setTimeout(() => {}, 0);
const Timer = probe.constructor as new () => NodeJS.Timeout;
clearTimeout(probe);

const COUNTED = { Timeout: Timer, Socket, AbortSignal };

const inHeap = (type: new () => object) => queryObjects(type, { format: "count" });

export function holdings(): Holdings {
  const resources: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  return {
    resources,
    objects: Object.fromEntries(Object.entries(COUNTED).map(([name, type]) => [name, inHeap(type)])),
    processListeners: Object.fromEntries(
      process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    ),
  };
}

/** By kind, what there is more of than before. */
export function more(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

export interface Leftovers {
  resources: Record<string, number>;
  objects: Record<string, number>;
  processListeners: Record<string, number>;
  abortListeners: number;
  isDispatcherChanged: boolean;
  /** Sockets in the pool when the last chain was closed, and ms until they were gone: idle ones keep nothing alive. */
  idleSockets: number;
  idleMs: number;
}

/** Looks at what was there before, and after everything is closed at what there is more of. */
export function watchLeftovers(signal: AbortSignal, patienceMs: number): () => Promise<Leftovers> {
  const before = holdings();
  const dispatcher = getGlobalDispatcher();
  return async () => {
    const since = performance.now();
    const idleSockets = inHeap(Socket) - (before.objects.Socket ?? 0);
    while (inHeap(Socket) > (before.objects.Socket ?? 0) && performance.now() - since < patienceMs)
      await sleep(200);
    const idleMs = performance.now() - since;
    // Long enough for what is let go of to be finalized.
    await sleep(200);
    const after = holdings();
    return {
      resources: more(before.resources, after.resources),
      objects: more(before.objects, after.objects),
      processListeners: more(before.processListeners, after.processListeners),
      abortListeners: getEventListeners(signal, "abort").length,
      isDispatcherChanged: getGlobalDispatcher() !== dispatcher,
      idleSockets,
      idleMs,
    };
  };
}
