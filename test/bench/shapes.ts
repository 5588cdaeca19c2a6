import type { Plan } from "./wire.js";

/** A load: so many calls of so many events, some to warm up and some to be measured. */
export interface Shape {
  name: string;
  plan: Plan;
  warmUp: WarmUp;
  /** Of no calls: it is there for what follows. */
  measured: Load;
  /** What the CPU time is divided by. */
  per: "chunk" | "call";
}

export interface Load {
  calls: number;
  /** Under way at once. */
  atOnce: number;
}

/**
 * In waves, with nothing under way between two of them: what a process does only when it falls idle, down to Node's own
 * lists of timers, makes V8 drop compiled code at the first time, and the threads that compile it anew count as CPU time.
 */
export interface WarmUp extends Load {
  /** Default: 1. None begins once all of them have taken so long as to have met any compiler. */
  waves?: number;
}

/** Shapes that one process goes through, one after another; the warm-up of one serves the next. */
export type Session = Shape[];

const plan = (events: number, everyMs = 0): Plan => ({ events, everyMs, fault: "none" });
const load = (calls: number, atOnce: number): Load => ({ calls, atOnce });
const waves = (waves: number, load: Load): WarmUp => ({ ...load, waves });

export const sustained = (streams = 200): Shape => ({
  name: "sustained",
  plan: plan(2_000),
  warmUp: load(1, 1),
  measured: load(streams, streams),
  per: "chunk",
});

/** The same load as the first work of a process. */
export const MEMORY: Shape = { ...sustained(), name: "memory" };

/** Only warms up: a process that has been at work for a while, whatever its calls cost. */
export const atWork = (calls = 2_000): Shape => ({
  name: "at-work",
  plan: plan(20),
  warmUp: load(calls, 64),
  measured: load(0, 1),
  per: "call",
});

export const paced = (count = 4, streams = 100): Shape => ({
  name: "paced",
  plan: plan(200, 5),
  warmUp: waves(count, load(300, 300)),
  measured: load(streams, 50),
  per: "chunk",
});

export const BURST: Shape = {
  name: "burst",
  plan: plan(2_000),
  warmUp: load(3, 1),
  measured: load(4, 1),
  per: "chunk",
};

/** 15 000 calls first: until then a process measures the compiler more than the client. */
export const short64 = (count = 10, calls = 2_000): Shape => ({
  name: "short-64",
  plan: plan(20),
  warmUp: waves(count, load(1_500, 64)),
  measured: load(calls, 64),
  per: "call",
});

export const first = (warmUp = 200, calls = 150): Shape => ({
  name: "first",
  plan: plan(4, 1),
  warmUp: load(warmUp, 50),
  measured: load(calls, 1),
  per: "call",
});

const SHORT_1: Shape = {
  name: "short-1",
  plan: plan(20),
  warmUp: load(20, 1),
  measured: load(200, 1),
  per: "call",
};

const SHORT_1000: Shape = {
  name: "short-1000",
  plan: plan(20),
  // Each connection is opened beforehand.
  warmUp: load(1_000, 1_000),
  measured: load(1_000, 1_000),
  per: "call",
};

/** Short calls, in the order in which one process goes through them. */
export const CALLS: Session = [short64(), SHORT_1, first(), SHORT_1000];

const LENGTHS = [100, 1_000, 10_000, 100_000];
const EVENTS = 100_000;

/** The same number of events, in streams of one length each. */
export const lengths = (): Shape[] =>
  LENGTHS.map((events) => ({
    name: `length-${events}`,
    plan: plan(events),
    warmUp: load(Math.ceil(20_000 / events), 1),
    measured: load(EVENTS / events, 1),
    per: "chunk",
  }));

const CONCURRENCIES = [1, 10, 100, 1_000, 5_000];

export const concurrencies = (): Session =>
  CONCURRENCIES.map((atOnce, index) => ({
    name: `at-once-${atOnce}`,
    plan: plan(20),
    warmUp: index === 0 ? load(2_000, 64) : load(atOnce, atOnce),
    measured: load(Math.max(500, atOnce), atOnce),
    per: "call",
  }));

export const TARGETS = [1, 3, 10];

export const targets = (count: number): Shape => ({ ...short64(3, 500), name: `targets-${count}` });
