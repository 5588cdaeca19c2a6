import { readFile } from "node:fs/promises";
import { checkModels, checkOptions } from "../testing/check.js";
import { describeFault, FAULTS, faultFamily } from "../testing/faults.js";
import type { SimulatedRequest } from "../testing/log.js";
import { type Simulator, type SimulatorOptions, startSimulator } from "../testing/simulator.js";
import { oneLine } from "./columns.js";
import { EXIT, type Io, printJson, UsageError } from "./io.js";
import { Terminal } from "./terminal.js";
import { milliseconds } from "./timeline.js";

export interface SimulateFlags {
  port: number;
  script?: string;
  seed?: number;
  faults?: boolean;
  json?: boolean;
}

/** Runs a simulator until it is interrupted. Returns the exit code. */
export async function simulate(flags: SimulateFlags, io: Io): Promise<number> {
  const { json = false } = flags;
  if (flags.faults) {
    listFaults(io, json);
    return EXIT.ok;
  }
  const terminal = new Terminal(io);
  const options: SimulatorOptions = {
    ...(flags.script === undefined ? { models: { "*": {} } } : await readScript(flags.script)),
    port: flags.port,
    ...(flags.seed !== undefined && { seed: flags.seed }),
    onClose: (request) => {
      if (json) printJson(io, { event: "request", ...factsOf(request) });
      else terminal.line(requestLine(request, terminal));
    },
  };
  const simulator = await start(options, flags.port);
  if (json) {
    const { baseURL, port } = simulator;
    printJson(io, { event: "listening", baseURL, port, models: Object.keys(options.models) });
  } else opening(terminal, io, simulator, options);
  await interrupted(io.interrupt);
  const { length } = simulator.requests;
  await simulator.close();
  if (json) printJson(io, { event: "closed", requests: length });
  else terminal.line(`\nClosed after ${length} ${length === 1 ? "request" : "requests"}.`);
  return EXIT.ok;
}

/**
 * The file holds what `startSimulator` takes (`{ "models": { … }, … }`), or just the models.
 *
 * @throws UsageError naming the file, and the path inside it where one is wrong
 */
async function readScript(file: string): Promise<SimulatorOptions> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "ENOENT"
        ? `--script: there is no file ${file}`
        : `--script: ${file} cannot be read as JSON: ${message}`,
    );
  }
  try {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, "models")) {
      checkModels(value);
      return { models: value };
    }
    const { port: _, ...options } = value as SimulatorOptions;
    checkOptions(options);
    return options;
  } catch (error) {
    throw new UsageError(
      `--script: in ${file}, ${(error as Error).message} (open-router simulate --faults lists what can go wrong)`,
    );
  }
}

async function start(options: SimulatorOptions, port: number): Promise<Simulator> {
  try {
    return await startSimulator(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new UsageError(`port ${port} is taken: choose another with --port, or --port 0 for any free one`);
    }
    if (code === undefined) throw error;
    throw new UsageError(`cannot listen on port ${port}: ${message}`);
  }
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function opening(
  terminal: Terminal,
  { command }: Io,
  { baseURL }: Simulator,
  { models }: SimulatorOptions,
): void {
  const { bold, cyan, dim } = terminal.colors;
  terminal.line(`${bold("open-router simulate")}  a local OpenRouter at ${cyan(baseURL)}`);
  for (const [model, script] of Object.entries(models)) {
    const steps = [script].flat().map((step) => step.fault ?? (step.either ? "either" : "answers"));
    terminal.line(`  ${model === "*" ? "every model" : oneLine(model)}: ${steps.join(", then ")}`);
  }
  terminal.line();
  terminal.line("Point your backend at it (any key will do), or from another shell:");
  const name = Object.keys(models).find((model) => model !== "*") ?? "openai/gpt-4o";
  terminal.line(
    `  OPEN_ROUTER_API_KEY=any ${command} chat "Hello" --base-url ${baseURL} --model ${oneLine(name)}`,
  );
  terminal.line(dim("Ctrl-C ends it. Requests:"));
}

function factsOf(request: SimulatedRequest): Record<string, unknown> {
  const { n, at, method, path, model, stream, step, script, status, servedModel, generationId } = request;
  const { bytesSent, tokensSent, closedAt = Date.now(), closedBy } = request;
  const fault = script?.fault;
  const durationMs = closedAt - at;
  return {
    ...{ n, at: new Date(at).toISOString(), method, path, model, stream, step, fault, status, servedModel },
    ...{ generationId, durationMs, tokensSent, bytesSent, closedBy },
  };
}

function requestLine(request: SimulatedRequest, { colors }: Terminal): string {
  const { n, method, path, model, script, status, tokensSent, at, closedAt = Date.now(), closedBy } = request;
  const facts = [
    oneLine(model ?? `${method} ${path}`),
    script?.fault ?? "",
    status === undefined ? "no response" : String(status),
    tokensSent === 1 ? "1 token" : `${tokensSent} tokens`,
    milliseconds(closedAt - at),
    closedBy === "client" ? "client left" : "",
  ].filter((fact) => fact !== "");
  const line = `  ${String(n).padStart(3)}  ${facts.join(" · ")}`;
  return status === undefined || status >= 400 ? colors.red(line) : line;
}

function listFaults(io: Io, json: boolean): void {
  const faults = FAULTS.map((name) => ({ name, family: faultFamily(name), says: describeFault(name) }));
  if (json) {
    for (const fault of faults) printJson(io, fault);
    return;
  }
  const width = Math.max(...FAULTS.map(({ length }) => length));
  for (const { name, says } of faults) io.stdout.write(`${name.padEnd(width)}  ${oneLine(says)}\n`);
}
