// The page in a real browser: two tabs in one room see each other move, and a phone can play too.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const SERVER = process.env.GAMEV1_URL;
const BOUND_MS = 20_000;
const DESKTOP = { viewport: { width: 1280, height: 720 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser;

before(async () => {
  assert.ok(SERVER, "GAMEV1_URL has to name a running server");
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: FLAGS, timeout: BOUND_MS });
});

after(() => browser?.close());

/** A visitor of their own, with storage of their own, who is in the arena. Whatever goes wrong is kept in `faults`. */
async function visitor(options, address = SERVER) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(BOUND_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.stack));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  await page.goto(address);
  await page.waitForSelector("body[data-state=playing]");
  return { page, faults, ...(await page.evaluate(() => ({ ...document.body.dataset }))) };
}

/** Where `page` sees the ship of that seat, once it does. */
async function shipSeenBy(page, seat) {
  const ship = await page.waitForFunction((key) => window.gamev1.room?.state?.ships[key], seat);
  return ship.jsonValue();
}

/** Waits until `page` sees that ship at least `distance` (in quarters of a unit) away from where it was. */
function movesInSightOf(page, seat, [x, y], distance) {
  return page.waitForFunction(
    ([key, fromX, fromY, least]) => {
      const ship = window.gamev1.room.state.ships[key];
      return ship && Math.hypot(ship[0] - fromX, ship[1] - fromY) >= least;
    },
    [seat, x, y, distance],
  );
}

/** Waits until the prediction of the own ship and the server's word are the same place. */
function predictionSettles(page) {
  return page.waitForFunction(() => {
    const { predicted, server } = window.gamev1.me();
    return server && Math.hypot(predicted.x - server.x, predicted.y - server.y) < 0.5;
  });
}

/** Points at another ship and holds the trigger. Where the arena lies on the screen need only be about right. */
async function fireAt(page, seat) {
  const [x, y] = await page.evaluate((key) => window.gamev1.room.state.ships[key] ?? [3_200, 1_800], seat);
  await page.mouse.move(60 + (x / 6_400) * 1160, 60 + (y / 3_600) * 650);
  await page.mouse.down();
}

test("two tabs in one room see each other move and shoot", { timeout: 5 * BOUND_MS }, async () => {
  const ada = await visitor(DESKTOP);
  const bob = await visitor(DESKTOP, `${SERVER}/#${ada.room}`);
  assert.equal(bob.room, ada.room);
  assert.notEqual(bob.seat, ada.seat);
  for (const [mover, watcher] of [
    [ada, bob],
    [bob, ada],
  ]) {
    const from = await shipSeenBy(watcher.page, mover.seat);
    await mover.page.keyboard.down("KeyD");
    await mover.page.keyboard.down("KeyS");
    await movesInSightOf(watcher.page, mover.seat, from, 160);
    await mover.page.keyboard.up("KeyD");
    await mover.page.keyboard.up("KeyS");
    await predictionSettles(mover.page);
  }
  await fireAt(ada.page, bob.seat);
  await bob.page.waitForFunction(() => Object.keys(window.gamev1.room.state.shots).length > 0);
  if (process.env.SCREENSHOT) await picture(ada, bob);
  await ada.page.mouse.up();
  assert.deepEqual([...ada.faults, ...bob.faults], []);
  await Promise.all([ada, bob].map(({ page }) => page.context().close()));
});

// A few more ships that close in on each other make a better picture than two ships at rest.
async function picture(ada, bob) {
  const others = await Promise.all([0, 1].map(() => visitor(DESKTOP, `${SERVER}/#${ada.room}`)));
  const all = [ada, bob, ...others];
  for (let round = 0; round < 12 && !(await wounded(ada.page)); round += 1) {
    for (const [i, { page, seat }] of all.entries()) {
      await fireAt(page, all[(i + 1) % all.length].seat);
      await headForTheMiddle(page, seat);
    }
    const tick = await ada.page.evaluate(() => window.gamev1.room.tick);
    await ada.page.waitForFunction((from) => window.gamev1.room.tick > from + 5, tick);
  }
  await ada.page.screenshot({ path: process.env.SCREENSHOT });
  for (const key of ["KeyW", "KeyA", "KeyS", "KeyD"]) await ada.page.keyboard.up(key);
  await Promise.all(others.map(({ page }) => page.context().close()));
}

function wounded(page) {
  return page.evaluate(() => Object.values(window.gamev1.room.state.hp).some((hp) => hp < 100));
}

async function headForTheMiddle(page, seat) {
  const [x, y] = await page.evaluate((key) => window.gamev1.room.state.ships[key] ?? [0, 0], seat);
  const keys = [x < 3_200 ? "KeyD" : "KeyA", y < 1_800 ? "KeyS" : "KeyW"];
  for (const key of ["KeyW", "KeyA", "KeyS", "KeyD"]) await page.keyboard[keys.includes(key) ? "down" : "up"](key);
}

test("the room list leads to a room of one's own, and back", { timeout: 3 * BOUND_MS }, async () => {
  const ada = await visitor(DESKTOP);
  // Stays, so that there is a room to come back to.
  const bob = await visitor(DESKTOP, `${SERVER}/#${ada.room}`);
  await ada.page.click("#open-rooms");
  await ada.page.waitForSelector("#rooms li.here");
  await ada.page.click("#new-room");
  await ada.page.waitForFunction((room) => document.body.dataset.room !== room, ada.room);
  await ada.page.click("#open-rooms");
  const row = ada.page.locator("#rooms li", { hasText: bob.room });
  await row.getByRole("button", { name: "Join" }).click();
  await ada.page.waitForFunction((room) => document.body.dataset.room === room, bob.room);
  await shipSeenBy(bob.page, await ada.page.evaluate(() => document.body.dataset.seat));
  assert.deepEqual([...ada.faults, ...bob.faults], []);
  await Promise.all([ada, bob].map(({ page }) => page.context().close()));
});

test("a reload of the same tab is the same player", { timeout: 2 * BOUND_MS }, async () => {
  const { page, faults } = await visitor(DESKTOP);
  const before = await page.evaluate(() => window.gamev1.client.player.id);
  await page.reload();
  await page.waitForSelector("body[data-state=playing]");
  assert.equal(await page.evaluate(() => window.gamev1.client.player.id), before);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a phone-sized screen with touch can play", { timeout: 3 * BOUND_MS }, async () => {
  const { page, faults, seat } = await visitor(PHONE);
  const overflow = await page.evaluate(() => {
    const inside = ({ left, right, top, bottom }) =>
      left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    const shown = [...document.querySelectorAll("#bar button, #bar a, #scores, #stats")];
    return shown.filter((element) => !inside(element.getBoundingClientRect())).map(({ id }) => id);
  });
  assert.deepEqual(overflow, []);
  const from = await shipSeenBy(page, seat);
  const touch = await page.context().newCDPSession(page);
  const thumbs = (type, touchPoints) => touch.send("Input.dispatchTouchEvent", { type, touchPoints });
  await thumbs("touchStart", [{ x: 90, y: 740, id: 1 }]);
  await thumbs("touchMove", [{ x: 130, y: 700, id: 1 }]);
  await movesInSightOf(page, seat, from, 120);
  await thumbs("touchStart", [
    { x: 130, y: 700, id: 1 },
    { x: 300, y: 740, id: 2 },
  ]);
  await thumbs("touchMove", [
    { x: 130, y: 700, id: 1 },
    { x: 250, y: 740, id: 2 },
  ]);
  await page.waitForFunction(() => Object.keys(window.gamev1.room.state.shots).length > 0);
  await thumbs("touchEnd", []);
  await predictionSettles(page);
  assert.deepEqual(faults, []);
  await page.context().close();
});
