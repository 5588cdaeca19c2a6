import { Command, CommanderError, Option } from "commander";
import { OptionsError } from "../errors.js";
import { VERSION } from "../version.js";
import { clock, port, repeated, seed, tokens, usd } from "./arguments.js";
import { addAudit } from "./audit/program.js";
import type { ChatFlags } from "./chat.js";
import type { DemoFlags } from "./demo.js";
import type { ExplainFlags } from "./explain.js";
import { EXIT, type Io, UsageError } from "./io.js";
import { SCENE_NAMES } from "./scenes.js";
import type { SimulateFlags } from "./simulate.js";
import { Terminal } from "./terminal.js";

const EXAMPLES = `
Examples:
  open-router demo                      see what the chain does when providers fail; needs no key
  open-router demo --scene cut
  open-router chat "Hello" --model openai/gpt-4o --fallback anthropic/claude-opus-4.7
  open-router explain --prompt-tokens 100000 --fallback anthropic/claude-opus-4.7
  open-router simulate --script faults.json

Exit codes: 0 ok; 1 the answer is "no" (a call failed); 2 wrong usage; 130 interrupted.`;

/** Runs one command line (without node and script). Returns the exit code; throws only what is a bug. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.ok;
  const program = programOn(io, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    // commander has said by itself what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof UsageError || error instanceof OptionsError) {
      io.stderr.write(`error: ${error.message}\n`);
      return EXIT.usage;
    }
    throw error;
  }
}

function programOn(io: Io, done: (code: number) => void): Command {
  const { colors } = new Terminal(io);
  const program = new Command("open-router")
    .description("A chat model for OpenRouter whose fallback works: see it, use it, rehearse with it.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => colors.isColorSupported,
    })
    .configureHelp({ styleTitle: colors.bold, styleCommandText: colors.cyan })
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(open-router --help says more)");

  // Commands are loaded when they are wanted: --help must not wait for an HTTP client.
  program
    .command("demo")
    .description("Play a tour of failures and fallbacks against a local simulator; needs no key.")
    .addOption(
      new Option(
        "--scene <name...>",
        "play only this scene, or these; flap, a breaker at work, is in no tour",
      ).choices(SCENE_NAMES),
    )
    .option("--journal <dir>", "keep the records in a journal there, for `open-router audit`")
    .option("--json", "one JSON line per scene: text, audit record, error")
    .action(async (flags: DemoFlags) => done(await (await import("./demo.js")).demo(flags, io)));

  withTargets(program.command("chat"))
    .description("Ask one question for real, with fallbacks, and see what happened.")
    .argument("<prompt>", "what to ask")
    .addOption(
      new Option("--recovery <mode>", "when a stream dies after text was shown")
        .choices(["restart", "continue", "fail"])
        .default("restart"),
    )
    .option("--first-token-ms <ms>", "give a model up when it has said nothing for so long, or off", clock)
    .option("--total-ms <ms>", "give the whole call up after so long, or off", clock)
    .option("--no-stream", "show the answer when it is whole")
    .option("--journal <dir>", "keep the record in a journal there, for `open-router audit`")
    .option("--json", "one JSON document: answer or error, and audit record")
    .action(async (prompt: string, flags: ChatFlags) =>
      done(await (await import("./chat.js")).chat(prompt, flags, io)),
    );

  withTargets(program.command("explain"))
    .description(
      "Show whom a call would ask, and how often, how long and at what cost at the most. Asks nobody.",
    )
    .argument("[prompt]", "what would be asked; without any, 1,000 tokens are assumed")
    .option("--file <path>", "a file that holds the prompt")
    .option("--prompt-tokens <n>", "assume a prompt of so many tokens", tokens)
    .option("--max-tokens <n>", "the longest answer that is asked for", tokens)
    .option("--tools", "the request offers tools")
    .option("--json-schema", "the request wants JSON that keeps to a schema")
    .option("--image", "the request shows an image")
    .option("--max-cost-usd <usd>", "what the whole call may cost", usd)
    .addOption(new Option("--never-dearer-than <target>", "skip what is dearer").choices(["primary"]))
    .addOption(
      new Option("--strategy <name>", "with its defaults")
        .choices(["sequential", "hedged", "race"])
        .default("sequential"),
    )
    .option("--first-token-ms <ms>", "give a model up when it has said nothing for so long, or off", clock)
    .option("--total-ms <ms>", "give the whole call up after so long, or off", clock)
    .option("--json", "one JSON document: the plan")
    .action(async (prompt: string | undefined, flags: ExplainFlags) =>
      done(await (await import("./explain.js")).explain(prompt, flags, io)),
    );

  program
    .command("simulate")
    .description("Run a local OpenRouter that fails as a script says, until Ctrl-C.")
    .option("--port <number>", "port on 127.0.0.1; 0 takes any free one", port, 8787)
    .option("--script <file>", "JSON: what each model does; without it, every model answers")
    .option("--seed <number>", "fixes ids and draws", seed)
    .option("--faults", "list the faults a script may name, and exit")
    .option("--json", "one JSON line when it listens, per request, and at the end")
    .action(async (flags: SimulateFlags) => done(await (await import("./simulate.js")).simulate(flags, io)));

  addAudit(program, io, done);

  return program;
}

function withTargets(command: Command): Command {
  return command
    .option("--model <id>", "the model to ask first", "openai/gpt-4o")
    .option("--fallback <id>", "a model to ask when the ones before it fail (repeatable)", repeated, [])
    .option("--base-url <url>", "default: OPEN_ROUTER_BASE_URL, else https://openrouter.ai/api/v1")
    .option("--api-key-env <name>", "environment variable that holds the API key", "OPEN_ROUTER_API_KEY");
}
