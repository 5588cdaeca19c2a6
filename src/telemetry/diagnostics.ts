import { type Channel, channel } from "node:diagnostics_channel";
import type { ChainEvent } from "../events.js";

type Type = ChainEvent["type"];

const PREFIX = "aigne.open-router.";

/** One channel per event, such as `aigne.open-router.attempt.failed`. Held, since Node forgets channels nobody holds. */
const CHANNELS: Readonly<Record<Type, Channel>> = {
  "call.started": channel(`${PREFIX}call.started`),
  "target.skipped": channel(`${PREFIX}target.skipped`),
  "attempt.started": channel(`${PREFIX}attempt.started`),
  "attempt.headers": channel(`${PREFIX}attempt.headers`),
  "attempt.first_content": channel(`${PREFIX}attempt.first_content`),
  "attempt.meta": channel(`${PREFIX}attempt.meta`),
  "attempt.usage": channel(`${PREFIX}attempt.usage`),
  "attempt.cost": channel(`${PREFIX}attempt.cost`),
  "attempt.failed": channel(`${PREFIX}attempt.failed`),
  "attempt.cancelled": channel(`${PREFIX}attempt.cancelled`),
  "attempt.won": channel(`${PREFIX}attempt.won`),
  "breaker.changed": channel(`${PREFIX}breaker.changed`),
  recovery: channel(`${PREFIX}recovery`),
  "call.finished": channel(`${PREFIX}call.finished`),
};

/** The names of all channels. */
export const DIAGNOSTICS_CHANNELS: readonly string[] = Object.values(CHANNELS).map(({ name }) =>
  String(name),
);

/** Has anybody in this process subscribed to events of that type? */
export function isWatched({ type }: ChainEvent): boolean {
  return CHANNELS[type].hasSubscribers;
}

/**
 * Publishes an event to whoever has subscribed in this process. The message is the subscribers' own: plain JSON, with
 * targets by their ids. What a subscriber throws Node reports as an uncaught exception, after the call has gone on.
 */
export function publish(callId: string, event: ChainEvent): void {
  const { [event.type]: to } = CHANNELS;
  if (!to.hasSubscribers) return;
  let message: unknown;
  try {
    // A copy, so that no subscriber can reach into the call; labels and caller ids may be anything at run time.
    message = JSON.parse(JSON.stringify({ callId, ...flat(event) }));
  } catch {
    return;
  }
  to.publish(message);
}

/** An event without what belongs to the chain alone: a provider holds keys. */
function flat(event: ChainEvent): object {
  switch (event.type) {
    case "call.started": {
      const { start, ...rest } = event;
      return { ...rest, ...start };
    }
    case "target.skipped": {
      const { skip, ...rest } = event;
      return { ...rest, ...skip };
    }
    case "attempt.started":
    case "breaker.changed": {
      const { target, ...rest } = event;
      return { ...rest, target: target.id, model: target.model, provider: target.provider.name };
    }
    default:
      return event;
  }
}
