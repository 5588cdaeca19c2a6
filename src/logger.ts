import { createRequire } from "node:module";
import type { Logger as Pino, pino as pinoType } from "pino";

/** The part of pino that is used. */
export type Logger = Pick<Pino, "debug" | "info" | "warn" | "error">;

/** A logger that says, as pino does, which lines it would write. */
interface LevelledLogger extends Logger {
  isLevelEnabled(level: string): boolean;
}

/** Would the logger write such a line? One that does not say gets them all. */
export function writes(logger: Logger & Partial<LevelledLogger>, level: keyof Logger): boolean {
  return logger.isLevelEnabled?.(level) ?? true;
}

const nothing = () => {};
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The same logger, whose errors nobody sees: one that throws, or rejects, is nobody's reason to lose a call or a process. */
export function harmless(logger: Logger): LevelledLogger {
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
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isLevelEnabled(level: keyof Logger) {
      try {
        // Anything but a clear no: a logger of somebody's own may mean something else by this name.
        return writes(logger, level) !== false;
      } catch {
        return true;
      }
    },
  } as LevelledLogger;
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

function lazyLogger(): LevelledLogger {
  const wanted = process.env.OPEN_ROUTER_LOG_LEVEL?.toLowerCase() ?? "warn";
  const level = LEVELS.includes(wanted) ? wanted : "warn";
  let pino: Pino | undefined;
  const load = () => {
    const create = createRequire(import.meta.url)("pino") as typeof pinoType;
    // Synchronous: an asynchronous pino loses the last lines of a dying process.
    pino = create({ name: "open-router", level }, create.destination({ dest: 2, sync: true }));
    return pino;
  };
  const isLevelEnabled = (name: string) => LEVELS.indexOf(name) >= LEVELS.indexOf(level);
  const at = (name: keyof Logger) => {
    if (!isLevelEnabled(name)) return nothing;
    return (...args: [object, string]) => (pino ?? load())[name](...args);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isLevelEnabled,
  } as LevelledLogger;
}
