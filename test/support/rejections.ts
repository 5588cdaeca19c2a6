import { inspect } from "node:util";
import { afterEach, beforeEach, expect } from "vitest";
import { settle } from "./pulled-kinds.js";

/** For a whole file: a test after which a rejection is left without a reader fails. `but`: ones that are not ours. */
export function refuseUnhandledRejections({ but }: { but?: RegExp } = {}): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => {
    if (!but?.test(inspect(reason))) unhandled.push(reason);
  };

  beforeEach(() => {
    // Properties begin many calls at once, each with a listener of its own.
    process.setMaxListeners(0);
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });

  afterEach(async () => {
    await settle();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
}
