// Two tabs of one player in a real browser, which share the tokens in `localStorage`: they renew them one at a time, and
// neither signs the other out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const SERVER = process.env.GAMEV1_URL;
const BOUND_MS = 20_000;

let browser;

before(async () => {
  assert.ok(SERVER, "GAMEV1_URL has to name a running server");
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox"], timeout: BOUND_MS });
});

after(() => browser?.close());

/** A tab with a client whose player is that of the context. */
async function tab(context, refreshes) {
  const page = await context.newPage();
  page.setDefaultTimeout(BOUND_MS);
  page.on("request", (request) => {
    if (request.url().endsWith("/v1/auth/refresh")) refreshes.push(request.postDataJSON().refresh_token);
  });
  await page.goto(`${SERVER}/docs/errors`);
  await page.evaluate(async () => {
    const { Client } = await import("/client/gamev1.js");
    window.client = new Client({ storage: localStorage, storageKey: "shared" });
    await window.client.connect();
  });
  return page;
}

/** From now on the access token counts as ended in every tab that is opened. */
function ageTokens(page) {
  return page.evaluate(() => {
    const stored = JSON.parse(localStorage.getItem("shared"));
    localStorage.setItem("shared", JSON.stringify({ ...stored, expires_at_ms: 1 }));
  });
}

test("two tabs that renew at once do it once, and both play on", { timeout: 4 * BOUND_MS }, async () => {
  const context = await browser.newContext();
  const refreshes = [];
  const first = await tab(context, refreshes);
  const player = await first.evaluate(() => window.client.player.id);
  await ageTokens(first);
  assert.deepEqual(refreshes, []);

  const tabs = await Promise.all([1, 2].map(() => tab(context, refreshes)));

  assert.equal(refreshes.length, 1, "the tabs renewed the tokens one after the other");
  const all = [first, ...tabs];
  for (const page of all) {
    assert.equal(await page.evaluate(() => window.client.player.id), player);
    assert.equal(await page.evaluate(() => window.client.state), "open");
  }
  // And again, with all of them at the same moment.
  for (let round = 2; round < 5; round += 1) {
    await ageTokens(first);
    const renewed = all.map((page) =>
      page.evaluate(async () => {
        const { Client } = await import("/client/gamev1.js");
        const { items } = await new Client({ storage: localStorage, storageKey: "shared" }).listRooms();
        return items.length;
      }),
    );
    assert.ok((await Promise.all(renewed)).every(Number.isInteger));
    assert.equal(refreshes.length, round);
  }
  assert.equal(new Set(refreshes).size, refreshes.length, "no refresh token was shown twice");
  for (const page of all) assert.equal(await page.evaluate(() => window.client.state), "open");
  await context.close();
});
