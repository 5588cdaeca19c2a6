import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { Browser } from "./browser.js";
import { builtPage } from "./built-page.js";
import { eventfulCalls } from "./eventful-calls.js";
import { Serving } from "./serving.js";

const NOW = Date.UTC(2026, 10, 25, 10, 30);
const CALLS = 20_000;
const MOST_BYTES = 250_000;

interface Picture {
  file: string;
  width: number;
  height: number;
  colorScheme: "light" | "dark";
  prepare?: (page: Page) => Promise<void>;
}

/** The call whose stream died halfway is the one with the most to see. */
async function openRecovery(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Failover only" }).click();
  await page.locator('[role="option"]', { hasText: "recovery" }).first().click();
  await page.locator(".fall-lane").first().waitFor();
}

const PICTURES: readonly Picture[] = [
  { file: "docs/audit-overview.png", width: 1400, height: 900, colorScheme: "light" },
  { file: "docs/audit-call.png", width: 1280, height: 800, colorScheme: "light", prepare: openRecovery },
  { file: "docs/audit-dark.png", width: 1400, height: 900, colorScheme: "dark" },
  { file: "docs/audit-narrow.png", width: 400, height: 800, colorScheme: "light", prepare: openRecovery },
];

const html = await builtPage();
const serving = await Serving.of(eventfulCalls(CALLS, { to: NOW }), { page: html });
await serving.read(CALLS);
const browser = await Browser.start();
for (const { file, prepare, ...view } of PICTURES) {
  const page = await browser.open(serving.server.url, { ...view, now: NOW });
  await page.locator(".chart canvas").first().waitFor();
  await page.locator('[role="option"]').first().waitFor();
  await prepare?.(page);
  // Until the last chart is drawn and the mouse is nowhere.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(500);
  const png = await page.screenshot();
  await page.close();
  if (png.length > MOST_BYTES) throw new Error(`${file} has ${png.length} bytes: more than ${MOST_BYTES}`);
  writeFileSync(file, png);
  console.log(`${file}: ${Math.round(png.length / 1_000)} kB`);
}
await browser.close();
await serving.close();
if (browser.complaints.length > 0) throw new Error(browser.complaints.join("\n"));
