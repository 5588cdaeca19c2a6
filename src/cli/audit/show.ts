import { type CallStory, findCalls } from "../../journal/find-call.js";
import { oneLine } from "../columns.js";
import { EXIT, type Io, interruptedExit, printJson, UsageError } from "../io.js";
import { type Colors, Terminal } from "../terminal.js";
import { type CallLine, callLines } from "./call-lines.js";
import { checkDir, systemText } from "./folder.js";
import { Progress } from "./progress.js";

export interface ShowFlags {
  dir: string;
  json?: boolean;
}

const MIN_PREFIX = 4;

/** Shows one call. Returns the exit code: 1 when there is none of that id. */
export async function show(call: string, { dir, json = false }: ShowFlags, io: Io): Promise<number> {
  if (call.length < MIN_PREFIX)
    throw new UsageError(
      `CALL must be ${MIN_PREFIX} characters or more of a call's id, got ${JSON.stringify(call)}`,
    );
  await checkDir(dir);
  const { interrupt } = io;
  const progress = new Progress(io, "searching");
  let stories: CallStory[];
  try {
    stories = await findCalls(dir, call, { onProgress: progress.tell, signal: interrupt });
  } catch (error) {
    if (interrupt.aborted) return interruptedExit(interrupt);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new UsageError(`--dir ${dir}: ${systemText(error)}`);
  } finally {
    progress.end();
  }
  const [story, ...others] = stories;
  if (!story) {
    if (json) printJson(io, null);
    io.stderr.write(`There is no call ${JSON.stringify(call)} in ${dir}.\n`);
    return EXIT.no;
  }
  if (others.length > 0) {
    const list = stories.map(
      ({ callId, lines, state }) => `  ${oneLine(callId)}  ${lines[0]?.entry.ts}  ${state}`,
    );
    throw new UsageError(`${call} is the beginning of several calls; give more of it:\n${list.join("\n")}`);
  }
  if (json) printJson(io, jsonOf(story));
  else showStory(story, new Terminal(io));
  return EXIT.ok;
}

function jsonOf({ lines, ...story }: CallStory): Record<string, unknown> {
  return { ...story, lines: lines.map(({ file, line, entry }) => ({ file, line, entry })) };
}

function showStory(story: CallStory, terminal: Terminal): void {
  const { colors, columns } = terminal;
  for (const { tone, text } of callLines(story, columns)) terminal.line(text && styled(tone, colors)(text));
}

function styled(tone: CallLine["tone"], colors: Colors): (text: string) => string {
  const styles: Record<CallLine["tone"], (text: string) => string> = {
    title: colors.bold,
    fact: (text) => text,
    warning: colors.yellow,
    good: colors.green,
    bad: colors.red,
    wait: colors.yellow,
    quiet: colors.dim,
    bar: colors.cyan,
    detail: colors.dim,
  };
  return styles[tone];
}
