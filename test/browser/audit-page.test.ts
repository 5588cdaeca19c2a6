import { describe, expect, it } from "vitest";
import { eventfulCall, eventfulCalls } from "../support/eventful-calls.js";
import { AuditView, NOW, soon } from "./audit-view.js";

const view = new AuditView();
const { rows, tile, panel } = view;

describe("the page of a journal", () => {
  it("shows numbers, charts and calls, and takes the token out of the address", async () => {
    const calls = [...eventfulCalls(300, { to: NOW })];
    const { page, serving } = await view.shown(calls);
    await soon(async () => expect(await tile(page, "calls").textContent()).toBe("300"));
    expect(await page.locator(".chart canvas").count()).toBe(4);
    expect(await page.locator(".lane").count()).toBe(3);
    expect(await page.locator(".lane-part.open").count()).toBeGreaterThan(0);
    expect(await rows(page).count()).toBe(100);
    expect(page.url()).not.toContain(serving.server.token);
    expect(await page.locator('[data-panel="answered"] [role="img"]').getAttribute("aria-label")).toMatch(
      /openai\/gpt-4o \d+\.\d%/,
    );
    // The tab remembers it.
    await page.reload();
    await page.waitForSelector('[role="option"]');
  });

  it("shows calls as they are made, and a running one as it ends", async () => {
    const { page, serving } = await view.shown([...eventfulCalls(20, { to: NOW - 60_000 })]);
    await soon(async () => expect(await tile(page, "calls").textContent()).toBe("20"));
    const { start, record } = eventfulCall("failover", NOW - 5_000);
    serving.journal.event({ event: "request.start", callId: start.callId, start });
    serving.journal.flush();
    const row = page.locator(`[data-call="${start.callId}"]`);
    await row.locator(".state.running").waitFor();
    expect(await rows(page).first().getAttribute("data-call")).toBe(start.callId);
    serving.journal.event({ event: "request.end", callId: start.callId, outcome: "ok", record });
    serving.journal.flush();
    await row.locator(".state.ok").waitFor();
    await soon(async () => expect(await tile(page, "calls").textContent()).toBe("21"));
  });

  it("moves nothing under the reader's eyes: new calls wait behind a pill", async () => {
    const { page, serving } = await view.shown([...eventfulCalls(150, { to: NOW - 60_000 })]);
    await page.mouse.wheel(0, 3_000);
    await page.waitForFunction(() => scrollY > 900);
    const watched = rows(page).nth(40);
    const before = [await watched.getAttribute("data-call"), (await watched.boundingBox())?.y];
    serving.append(eventfulCall("plain", NOW - 3_000), eventfulCall("hedge", NOW - 2_000));
    await page.locator(".pill").waitFor();
    expect(await page.locator(".pill").textContent()).toBe("2 new");
    expect([await watched.getAttribute("data-call"), (await watched.boundingBox())?.y]).toEqual(before);
    await page.locator(".pill").click();
    await page.locator(".pill").waitFor({ state: "detached" });
    expect(await rows(page).first().locator(".chip").allTextContents()).toContain("hedge");
  });

  it("filters and searches, and says when nothing fits", async () => {
    const calls = [...eventfulCalls(300, { to: NOW })];
    const { page } = await view.shown(calls);
    const counts = async (n: number) => soon(async () => expect(await rows(page).count()).toBe(n));
    await page.locator("select").first().selectOption("failed");
    await counts(calls.filter(({ record }) => record.outcome === "failed").length);
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await counts(100);
    const { callId } = calls[17]!.start;
    await page.locator("body").press("/");
    await page.keyboard.type(callId.slice(0, 18));
    await counts(1);
    expect(await rows(page).first().getAttribute("data-call")).toBe(callId);
    await page.locator("#search").fill("nobody is called that");
    await page.getByText("No call fits the filter.").waitFor();
    await page.getByRole("button", { name: "Clear it" }).click();
    await counts(100);
  });

  it("is used with the keyboard alone", async () => {
    const calls = [...eventfulCalls(40, { to: NOW })];
    const { page } = await view.shown(calls);
    const id = (n: number) => calls.at(-1 - n)!.start.callId;
    const focused = () =>
      page.evaluate(
        () => (document.activeElement as HTMLElement).dataset.call ?? document.activeElement?.className,
      );
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("skip");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("search");
    await rows(page).first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe(id(2));
    expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe("solid");
    await page.keyboard.press("Enter");
    await panel(page).getByText(id(2)).first().waitFor();
    await page.keyboard.press("ArrowUp");
    await panel(page).getByText(id(1)).first().waitFor();
    // Once more: into the panel; and back to the list. A person sees the call before that, and effects have run by then.
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    await page.keyboard.press("Enter");
    await expect.poll(focused).toBe("call");
    await page.keyboard.press("Escape");
    await panel(page).waitFor({ state: "detached" });
    expect(await focused()).toBe(id(1));
    await page.keyboard.press("End");
    expect(await focused()).toBe(id(39));
  });

  it("zooms by dragging, and back", async () => {
    const { page } = await view.shown([...eventfulCalls(300, { to: NOW })]);
    const chart = (await page.locator('[data-panel="cost"] .u-over').boundingBox())!;
    await page.mouse.move(chart.x + chart.width * 0.25, chart.y + 50);
    await page.mouse.down();
    await page.mouse.move(chart.x + chart.width * 0.5, chart.y + 60, { steps: 3 });
    await page.mouse.up();
    await page.locator(".zoom").waitFor();
    await soon(async () => expect(Number(await tile(page, "calls").textContent())).toBeLessThan(90));
    expect(Number(await tile(page, "calls").textContent())).toBeGreaterThan(60);
    await page.locator(".zoom").click();
    await soon(async () => expect(await tile(page, "calls").textContent()).toBe("300"));
  });

  it("keeps its place: nothing shifts while it loads", async () => {
    const { page } = await view.shown([...eventfulCalls(300, { to: NOW })]);
    const shift = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
              sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => resolve(sum), 300);
        }),
    );
    expect(shift).toBeLessThan(0.02);
  });

  it("says when the token is wrong or missing, and when the server is gone and back", async () => {
    const { page, serving } = await view.shown([...eventfulCalls(20, { to: NOW })]);
    const { port } = serving.server;
    const other = await view.open(`http://127.0.0.1:${port}/#token=wrong`, { now: NOW });
    await other.getByRole("alert").getByText("The token is wrong").waitFor();
    expect(other.url()).not.toContain("wrong");
    await other.close();
    const none = await view.open(`http://127.0.0.1:${port}/`, { now: NOW });
    await none.getByRole("alert").getByText("The token is missing").waitFor();
    await none.close();
    await serving.server.close();
    await page.locator(".live.is-disconnected").waitFor();
    expect(await rows(page).count()).toBe(20);
    // What the browser says of the requests that failed.
    view.forgive(/ERR_|401/);
  });
});
