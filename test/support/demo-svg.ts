import { run } from "../../src/cli/program.js";
import { Screen } from "./screen.js";
import { screenSvg } from "./screen-svg.js";

/** Plays the demo on a screen in memory, and returns a picture of what is there at the end. */
export async function demoSvg(args: readonly string[]): Promise<string> {
  const screen = new Screen({ columns: 92, rows: 200 });
  const code = await run(["demo", ...args], {
    stdout: screen,
    stderr: screen,
    env: {},
    command: "open-router",
    interrupt: new AbortController().signal,
  });
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${screen.text.join("\n")}`);
  return screenSvg(screen, { title: ["open-router demo", ...args].join(" ") });
}
