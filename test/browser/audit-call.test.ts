import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { ReportFold } from "../../src/report/fold.js";
import { eventfulCall, eventfulCalls } from "../support/eventful-calls.js";
import type { SyntheticCall } from "../support/synthetic-calls.js";
import { AuditView, NOW } from "./audit-view.js";

const view = new AuditView();
const { rows, tile, panel, widthOf } = view;

describe("the page of a call", () => {
  it("draws a call's lanes: retry and wait, failover, hedge and loser, commitment, recovery", async () => {
    const failover = eventfulCall("failover", NOW - 4_000);
    const hedge = eventfulCall("hedge", NOW - 3_000);
    const recovery = eventfulCall("recovery", NOW - 2_000);
    const skipped = eventfulCall("skipped", NOW - 1_000);
    const { page } = await view.shown([failover, hedge, recovery, skipped]);
    const open = async ({ start }: SyntheticCall) => {
      await page.locator(`[data-call="${start.callId}"]`).dispatchEvent("click");
      await panel(page).getByText(start.callId).first().waitFor();
      await panel(page).locator(".fall").waitFor();
      const lanes = panel(page).locator(".fall-lane");
      return {
        lanes,
        whys: await lanes.evaluateAll((all) => all.map((lane) => (lane as HTMLElement).dataset.why)),
      };
    };
    expect((await open(failover)).whys).toEqual(failover.record.attempts.map(({ why }) => why));
    const { message } = failover.record.attempts[0]!.failure!;
    expect(await panel(page).locator(".fall-lane").first().textContent()).toContain(message);

    const hedged = await open(hedge);
    expect(hedged.whys).toEqual(["first", "hedge"]);
    const [loser, winner] = await hedged.lanes.evaluateAll((lanes) =>
      lanes.map((lane) => {
        const phases = [...lane.querySelectorAll(".phase")].map((phase) => phase.getBoundingClientRect());
        return {
          from: Math.min(...phases.map(({ left }) => left)),
          to: Math.max(...phases.map(({ right }) => right)),
        };
      }),
    );
    const committed = await hedged.lanes.nth(1).locator(".fall-commit").boundingBox();
    expect(winner!.from).toBeGreaterThan(loser!.from);
    expect(winner!.from).toBeLessThan(loser!.to);
    expect(Math.abs(committed!.x - loser!.to)).toBeLessThan(6);
    expect(await hedged.lanes.first().getAttribute("class")).toContain("cancelled");

    const recovered = await open(recovery);
    expect(recovered.whys).toEqual(["first", "retry", "recovery"]);
    expect(await recovered.lanes.first().locator(".phase.waiting").count()).toBe(1);
    expect(await recovered.lanes.nth(1).locator(".fall-commit").count()).toBe(1);
    expect(await recovered.lanes.nth(2).locator(".fall-recovery").count()).toBe(1);
    expect(await panel(page).locator("table caption").textContent()).toBe("Attempts of this call");
    expect(await panel(page).locator("details").count()).toBe(5);

    await open(skipped);
    expect(await panel(page).locator(".fall-skip").textContent()).toMatch(
      /openai\/gpt-4o.*breaker open.*for 3\.40 s/,
    );
  });

  it.each([
    ["light", 1400],
    ["dark", 1400],
    ["light", 400],
    ["dark", 400],
  ] as const)("fits in %s at %i pixels, the open call too", async (colorScheme, width) => {
    const call = eventfulCall("recovery", NOW - 2_000);
    const { page } = await view.shown([...eventfulCalls(60, { to: NOW - 5_000 }), call], {
      colorScheme,
      width,
      height: 800,
    });
    expect(await widthOf(page)).toBe(width);
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const [red = 0] = (await background()).match(/\d+/g)!.map(Number);
    expect(red < 50).toBe(colorScheme === "dark");
    await page.locator(`[data-call="${call.start.callId}"]`).click();
    await panel(page).locator(".fall-lane").first().waitFor();
    expect(await widthOf(page)).toBe(width);
    const cut = await panel(page)
      .locator(".call-body")
      .evaluate((body) => body.scrollWidth - body.clientWidth);
    expect(cut).toBe(0);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /Use the (light|dark) theme/ }).click();
    expect(Number((await background()).match(/\d+/)![0]) < 50).toBe(colorScheme !== "dark");
    await page.evaluate(() => localStorage.clear());
  });

  it("shows whatever stands in a journal as text", async () => {
    const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>"\'><b>bold</b>';
    const { start, record } = eventfulCall("failover", NOW - 1_000);
    const [first, ...rest] = record.attempts;
    const marked: SyntheticCall = {
      start: {
        ...start,
        callId: evil,
        labels: { [evil]: evil },
        caller: { userId: evil },
        strategy: evil,
        targets: [evil],
      },
      record: {
        ...record,
        callId: evil,
        labels: { [evil]: evil },
        caller: { userId: evil, contextId: evil },
        strategy: evil,
        requestDigest: evil,
        answeredBy: {
          target: evil,
          model: evil,
          requestedModel: evil,
          provider: evil,
          servedBy: evil,
          generationId: evil,
          attempt: 2,
        },
        attempts: [
          {
            ...first!,
            target: evil,
            model: evil,
            failure: { class: evil as never, scope: "model", message: evil, code: evil },
          },
          ...rest.map((attempt) => ({ ...attempt, target: `${evil}2`, model: evil })),
        ],
        skipped: [{ target: evil, model: evil, reason: evil as never, detail: { [evil]: evil } }],
        breakers: [{ target: evil, phase: "open", atMs: 0 }],
        error: { code: evil, class: evil },
      } as SyntheticCall["record"],
    };
    const { page } = await view.shown([marked]);
    await page.locator(".u-over").first().hover();
    await rows(page).first().click();
    await panel(page).locator(".fall-lane").first().waitFor();
    for (const details of await panel(page).locator("summary").all()) await details.click();
    expect(await panel(page).locator("h2").textContent()).toContain(evil);
    expect(await page.locator("#app img, #app script, #app b b").count()).toBe(0);
    expect(
      await page.evaluate(() =>
        [...document.querySelectorAll("#app b")].some((b) => b.textContent === "bold"),
      ),
    ).toBe(false);
  });
});

describe("the page of a report", () => {
  it("shows the same charts from a file, and asks nobody", async () => {
    const fold = new ReportFold();
    for (const { record } of eventfulCalls(200, { to: NOW })) fold.add(record);
    const dir = mkdtempSync(join(tmpdir(), "report-"));
    const file = join(dir, "report.html");
    writeFileSync(
      file,
      view.html.replace(">null<", () => `>${JSON.stringify({ report: fold.report() })}<`),
    );
    const page = await view.open(pathToFileURL(file).href);
    await page.waitForSelector(".chart canvas");
    expect(await tile(page, "calls").textContent()).toBe("200");
    expect(await page.locator(".chart canvas").count()).toBe(4);
    expect(await rows(page).count()).toBe(0);
    view.forgive(/^asked file:.*report\.html$/);
    rmSync(dir, { recursive: true });
  });
});
