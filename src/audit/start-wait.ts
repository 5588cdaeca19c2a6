import type { Line } from "../journal/line-queue.js";
import type { JournalWriter } from "../journal/writer.js";
import type { Clock } from "../types.js";

export interface StartWaitOptions {
  clock: Clock;
  maxWaitMs: number;
  /** A full queue is waited for, too. */
  forRoom: boolean;
  /** Until the line is durable; else until it is queued. */
  untilDurable: boolean;
}

/** Resolves with true when the line counts, with false when the call should wait no longer. What finds no room is lost. */
export function startWait(writer: JournalWriter, line: Line, options: StartWaitOptions): Promise<boolean> {
  const { clock, maxWaitMs, forRoom, untilDurable } = options;
  return new Promise((resolve) => {
    /** Gives up the place of one that waits for room. */
    let leave: (() => void) | undefined;
    const end = (isDurable: boolean) => {
      clock.clearTimeout(timer);
      resolve(isDurable);
    };
    const enter = () => {
      const isIn = writer.append(line, untilDurable ? () => end(true) : undefined);
      if (isIn && !untilDurable) end(true);
      return isIn;
    };
    const lose = () => {
      writer.lose(line.event);
      end(false);
    };
    const timer = clock.setTimeout(() => {
      leave?.();
      if (leave) lose();
      else end(false);
    }, maxWaitMs);
    if (enter()) return;
    if (!forRoom || writer.queue.isClosed || line.bytes > writer.queue.maxBytes) return lose();
    leave = writer.queue.room.wait(() => {
      if (!enter()) return false;
      leave = undefined;
      return true;
    });
  });
}
