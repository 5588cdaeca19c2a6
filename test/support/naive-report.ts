import type { AuditAttempt, AuditRecord } from "../../src/record.js";

/** The nearest rank, by the book. */
function quantile(values: number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.find((_, i) => (i + 1) / sorted.length >= q) ?? null;
}

const sum = (values: (number | undefined)[]) =>
  values.reduce<number>((total, each) => total + (each ?? 0), 0);
const times = <T>(all: readonly T[], test: (each: T) => boolean) => all.filter(test).length;

/** The figures of a report once more, each by a loop of its own over all records. */
export function naiveReport(records: readonly AuditRecord[]) {
  const attempts = records.flatMap((record) => record.attempts.map((attempt) => ({ ...attempt, record })));
  const firstFailed = records.filter((record) => record.attempts[0]?.outcome === "failed");
  const answered = records.filter(({ outcome }) => outcome === "ok");
  const targets = [...new Set(attempts.map(({ target }) => target))];
  const usd = (some: readonly AuditAttempt[]) => sum(some.map(({ cost }) => cost?.usd));
  const lost = attempts.filter(({ outcome }) => outcome !== "won");
  return {
    total: records.length,
    ok: answered.length,
    failed: times(records, ({ outcome }) => outcome === "failed"),
    failover: times(records, (record) => new Set(record.attempts.map(({ target }) => target)).size > 1),
    asked: times(records, (record) => record.attempts.length > 0),
    recovered: times(firstFailed, ({ outcome }) => outcome === "ok"),
    firstFailed: firstFailed.length,
    usd: usd(attempts),
    lostUsd: usd(lost),
    lostEstimated: usd(lost.filter(({ cost }) => cost?.estimated)),
    lostAttempts: lost.length,
    byTarget: Object.fromEntries(
      targets.map((target) => {
        const own = attempts.filter((attempt) => attempt.target === target);
        const firsts = own.flatMap(({ firstContentMs }) => firstContentMs ?? []);
        const whole = own.filter(({ outcome }) => outcome === "won").map(({ durationMs }) => durationMs);
        return [
          target,
          {
            attempts: own.length,
            won: times(own, ({ outcome }) => outcome === "won"),
            failed: times(own, ({ outcome }) => outcome === "failed"),
            answered: times(answered, ({ answeredBy }) => answeredBy?.target === target),
            first: [0.5, 0.9, 0.99].map((q) => quantile(firsts, q)),
            whole: [0.5, 0.9, 0.99].map((q) => quantile(whole, q)),
            outputTokens: sum(own.map(({ usage }) => usage?.outputTokens)),
          },
        ];
      }),
    ),
    /** Attempts of a class at a target, and those of them whose call was answered. */
    failures: (name: string, at: string) => {
      const some = attempts.filter(({ failure, target }) => failure?.class === name && target === at);
      return [some.length, times(some, ({ record }) => record.outcome === "ok")];
    },
    failedAttempts: times(attempts, ({ outcome }) => outcome === "failed"),
    /** Between two moments. */
    within(from: number, to: number) {
      const some = records.filter(({ startedAt }) => {
        const at = Date.parse(startedAt);
        return at >= from && at < to;
      });
      return {
        calls: some.length,
        errors: times(some, ({ outcome }) => outcome === "failed"),
        usd: usd(some.flatMap((record) => record.attempts)),
        answered: (target: string) => times(some, ({ answeredBy }) => answeredBy?.target === target),
        p99: (target: string) =>
          quantile(
            some.flatMap((record) =>
              record.attempts
                .filter((attempt) => attempt.target === target)
                .flatMap(({ firstContentMs }) => firstContentMs ?? []),
            ),
            0.99,
          ),
      };
    },
  };
}
