import { createRequire } from "node:module";
import type { Logger as Pino, pino as pinoType } from "pino";

/** The part of pino that is used. */
export type Logger = Pick<Pino, "debug" | "info" | "warn" | "error">;

const nothing = () => {};
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The same logger, whose errors nobody sees: one that throws, or rejects, is nobody's reason to lose a call or a process. */
export function harmless(logger: Logger): Logger {
  const at =
    (name: keyof Logger) =>
    (...args: [object, string]) => {
      try {
        const told: unknown = logger[name](...args);
        if (told instanceof Promise) told.catch(nothing);
      } catch {
        // As said above.
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as Logger;
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

let shared: Logger | undefined;

/**
 * pino on stderr, level from OPEN_ROUTER_LOG_LEVEL, else "warn". Loaded at the first line it has to write, since a
 * call that goes well writes none and pino takes a while to load.
 */
export function defaultLogger(): Logger {
  shared ??= lazyLogger();
  return shared;
}

function lazyLogger(): Logger {
  const wanted = process.env.OPEN_ROUTER_LOG_LEVEL?.toLowerCase() ?? "warn";
  const level = LEVELS.includes(wanted) ? wanted : "warn";
  let pino: Pino | undefined;
  const load = () => {
    const create = createRequire(import.meta.url)("pino") as typeof pinoType;
    // Synchronous: an asynchronous pino loses the last lines of a dying process.
    pino = create({ name: "open-router", level }, create.destination({ dest: 2, sync: true }));
    return pino;
  };
  const at = (name: keyof Logger) => {
    if (LEVELS.indexOf(name) < LEVELS.indexOf(level)) return nothing;
    return (...args: [object, string]) => (pino ?? load())[name](...args);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as Logger;
}
