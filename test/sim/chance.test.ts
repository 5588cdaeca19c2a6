import { expect, it } from "vitest";
import { Outages } from "./support/outages.js";
import { quantile } from "./support/quantile.js";
import { QueueServer } from "./support/queue-server.js";
import { exponential, lognormal, stream } from "./support/random.js";
import { VirtualClock } from "./support/virtual-clock.js";

const N = 200_000;
const draws = <T>(draw: () => T): T[] => Array.from({ length: N }, draw);
const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;

it("draws alike for equal seeds and purposes, and independently for others", () => {
  const base = draws(stream(1, "a"));
  expect(draws(stream(1, "a"))).toEqual(base);
  for (const other of [stream(2, "a"), stream(1, "b"), stream(1, "target 1")]) {
    // The standard deviation of a product of two such draws, less their means, is 1/12.
    const correlation = mean(base.map((each) => (each - 0.5) * (other() - 0.5)));
    expect(Math.abs(correlation)).toBeLessThan(4 / 12 / Math.sqrt(N));
  }
  expect(Math.abs(mean(base) - 0.5)).toBeLessThan(4 / Math.sqrt(12 * N));
  expect(base.every((each) => each >= 0 && each < 1)).toBe(true);
});

it("draws waits and times as their laws say", () => {
  const random = stream(1, "laws");
  expect(mean(draws(() => exponential(random, 200))) / 200).toBeCloseTo(1, 1);
  const times = draws(() => lognormal(random, 400, 0.3));
  expect(quantile(times, 0.5) / 400).toBeCloseTo(1, 1);
  expect(quantile(times, 0.95) / (400 * Math.exp(0.3 * 1.645))).toBeCloseTo(1, 1);
});

it("takes a target down for the share of time asked for, in blocks of 20 to 40 s", () => {
  const fate = new Outages(0.3, stream(1, "fate"));
  const seconds = draws(() => 0).map((_, second) => fate.down(second * 1_000));
  // 6 667 blocks.
  expect(Math.abs(mean(seconds.map(Number)) - 0.3)).toBeLessThan(0.03);
  const changes = seconds.flatMap((down, i) => (i > 0 && down !== seconds[i - 1] ? [i] : []));
  const lengths = changes.slice(1).map((at, i) => at - changes[i]!);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(19);
});

it("queues as an M/M/1 queue does", async () => {
  const clock = new VirtualClock();
  const service = stream(1, "service");
  const arrivals = stream(1, "arrivals");
  const server = new QueueServer({
    clock,
    slots: 1,
    waiting: Number.POSITIVE_INFINITY,
    serviceMs: () => exponential(service, 100),
  });
  const times: number[] = [];
  const arrive = () => {
    const at = clock.now();
    server.model(() => times.push(clock.now() - at));
    if (times.length < N / 4) clock.setTimeout(arrive, exponential(arrivals, 200));
  };
  clock.setTimeout(arrive, 0);
  await clock.run();
  // 1 / (service rate − arrival rate), at half its capacity.
  expect(Math.abs(mean(times) - 200)).toBeLessThan(10);
});

it("turns requests away when its queue is full, and serves those that have left", async () => {
  const clock = new VirtualClock();
  const server = new QueueServer({ clock, slots: 1, waiting: 2, serviceMs: () => 100 });
  const replies: string[] = [];
  clock.setTimeout(() => {
    for (const name of ["a", "b", "c", "d"])
      server.model(({ kind }) => replies.push(`${name} ${kind} at ${clock.now()}`));
  }, 0);
  clock.setTimeout(() => {
    server.slots = 2;
  }, 150);
  await clock.run();
  expect(replies).toEqual(["d status at 0", "a answer at 100", "b answer at 200", "c answer at 250"]);
});
