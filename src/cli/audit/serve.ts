import { follow } from "../../journal/follow.js";
import { pageHtml } from "../../page-file.js";
import { AuditServer, type AuditServerOptions } from "../../serve/audit-server.js";
import { EXIT, type Io, printJson, UsageError } from "../io.js";
import { Terminal } from "../terminal.js";
import { hasChains } from "./folder.js";

export interface ServeFlags {
  dir: string;
  port: number;
  json?: boolean;
}

/** Shows a journal in the browser until it is interrupted. Returns the exit code. */
export async function serve(flags: ServeFlags, io: Io): Promise<number> {
  const { dir, port } = flags;
  // One that has no journal yet is shown, too.
  await hasChains(dir);
  const server = await start({ dir, port, page: page(), follow });
  const { url, token } = server;
  if (flags.json) printJson(io, { event: "listening", url, port: server.port, token });
  else opening(new Terminal(io), url);
  await interrupted(io.interrupt);
  await server.close();
  // That is how it is meant to end.
  return EXIT.ok;
}

function page(): string {
  try {
    return pageHtml();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function start(options: AuditServerOptions): Promise<AuditServer> {
  try {
    return await AuditServer.start(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new UsageError(
        `port ${options.port} is taken: choose another with --port, or --port 0 for any free one`,
      );
    if (code === undefined) throw error;
    throw new UsageError(`cannot listen on port ${options.port}: ${message}`);
  }
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function opening(terminal: Terminal, url: string): void {
  const { bold, cyan, dim } = terminal.colors;
  terminal.line(`${bold("open-router audit serve")}  open this address in a browser on this machine:`);
  terminal.line(`  ${cyan(url)}`);
  terminal.line(dim("Whoever has it can read the journal. Ctrl-C ends it."));
}
