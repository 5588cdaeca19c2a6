import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface ViewOptions {
  width?: number;
  height?: number;
  colorScheme?: "light" | "dark";
  /** What the page takes for now; its timers run on. */
  now?: number;
}

/** Something that a page must not do. */
export type Complaint = string;

/** Chromium with a profile of its own, which remembers what its pages complain of. */
export class Browser {
  readonly complaints: Complaint[] = [];
  readonly #context: BrowserContext;
  readonly #dir: string;

  private constructor(context: BrowserContext, dir: string) {
    this.#context = context;
    this.#dir = dir;
  }

  static async start(): Promise<Browser> {
    const dir = mkdtempSync(join(tmpdir(), "chromium-"));
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    const context = await chromium.launchPersistentContext(dir, {
      executablePath,
      args: FLAGS,
      headless: true,
      // A device without a name of its own: times are told as in UTC.
      timezoneId: "UTC",
      locale: "en-US",
    });
    return new Browser(context, dir);
  }

  /** A page at `url`, in a tab of its own. */
  async open(
    url: string,
    { width = 1400, height = 900, colorScheme = "light", now }: ViewOptions = {},
  ): Promise<Page> {
    const page = await this.#context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    if (now !== undefined) await page.clock.setFixedTime(now);
    const { origin } = new URL(url);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    page.on("dialog", (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const asked = request.url();
      if (!asked.startsWith(`${origin}/`) && !asked.startsWith("data:"))
        this.complaints.push(`asked ${asked}`);
    });
    await page.goto(url);
    return page;
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
