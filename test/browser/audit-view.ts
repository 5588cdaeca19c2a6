import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { Browser, type ViewOptions } from "../support/browser.js";
import { builtPage } from "../support/built-page.js";
import { Serving } from "../support/serving.js";
import type { SyntheticCall } from "../support/synthetic-calls.js";

/** What the pages take for now. */
export const NOW = Date.UTC(2026, 10, 25, 10, 30);

/** Machines that are busy are slow. */
export const soon = <T>(check: () => T | Promise<T>) => vi.waitFor(check, 8_000);

/** The page in a browser, for the tests of one file. After each of them, no page may have complained of anything. */
export class AuditView {
  html!: string;
  #browser!: Browser;
  #pages: Page[] = [];
  #servings: Serving[] = [];

  constructor() {
    beforeAll(async () => {
      [this.html, this.#browser] = await Promise.all([builtPage(), Browser.start()]);
    });
    afterAll(() => this.#browser.close());
    afterEach(async () => {
      for (const page of this.#pages.splice(0)) await page.close();
      for (const serving of this.#servings.splice(0)) await serving.close();
      expect(this.#browser.complaints.splice(0)).toEqual([]);
    });
  }

  async shown(
    calls: Iterable<SyntheticCall>,
    options: ViewOptions = {},
  ): Promise<{ page: Page; serving: Serving }> {
    const serving = await Serving.of(calls, { page: this.html, live: { everyMs: 50 } });
    this.#servings.push(serving);
    const page = await this.open(serving.server.url, options);
    await page.waitForSelector('[role="option"]');
    await page.waitForSelector(".live.is-live");
    return { page, serving };
  }

  async open(url: string, options: ViewOptions = {}): Promise<Page> {
    const page = await this.#browser.open(url, { now: NOW, ...options });
    this.#pages.push(page);
    return page;
  }

  /** Complaints that the test is about. */
  forgive(expected: RegExp): void {
    const { complaints } = this.#browser;
    complaints.splice(0, Infinity, ...complaints.filter((text) => !expected.test(text)));
  }

  readonly rows = (page: Page) => page.locator('[role="option"]');
  readonly tile = (page: Page, id: string) => page.locator(`[data-tile="${id}"] .tile-value`);
  readonly panel = (page: Page) => page.locator("aside.call");
  readonly widthOf = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth);
}
