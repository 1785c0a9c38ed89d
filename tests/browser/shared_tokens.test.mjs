// Tabs of one player in a real browser, which share the tokens in `localStorage`: they renew them one at a time, and none
// signs another out. A browser may show a tab what another one has stored a moment late; then the server sees the same
// refresh token again, and gives the same answer.

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

/** A tab with a client whose player is that of the context. The statuses of its refreshes are kept in `refreshes`. */
async function tab(context, refreshes) {
  const page = await context.newPage();
  page.setDefaultTimeout(BOUND_MS);
  page.on("response", (response) => {
    if (response.url().endsWith("/v1/auth/refresh")) refreshes.push(response.status());
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

test("tabs that renew at the same moment all play on", { timeout: 4 * BOUND_MS }, async () => {
  const context = await browser.newContext();
  const refreshes = [];
  const first = await tab(context, refreshes);
  const player = await first.evaluate(() => window.client.player.id);
  assert.deepEqual(refreshes, []);
  await ageTokens(first);
  const all = [first, ...(await Promise.all([1, 2].map(() => tab(context, refreshes))))];
  assert.ok(refreshes.length >= 1);
  for (let round = 0; round < 3; round += 1) {
    await ageTokens(first);
    const players = all.map((page) =>
      page.evaluate(async () => {
        const { Client } = await import("/client/gamev1.js");
        const client = new Client({ storage: localStorage, storageKey: "shared" });
        await client.listRooms();
        return client.player.id;
      }),
    );
    assert.deepEqual(await Promise.all(players), [player, player, player]);
  }
  assert.ok(refreshes.length < 3 * all.length, `most find what another has left: ${refreshes.length}`);
  assert.deepEqual([...new Set(refreshes)], [200]);
  for (const page of all) {
    assert.equal(await page.evaluate(() => window.client.player.id), player);
    assert.equal(await page.evaluate(() => window.client.state), "open");
  }
  await context.close();
});
