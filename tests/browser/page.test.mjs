// The parts of the page that need no browser: the arena's rules and the camera.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../crates/server/web/camera.js";
import { hitsWall, moveShip } from "../../crates/server/web/rules.js";

const OPEN = { w: 16_000, h: 9_000, walls: [] };
const WALLED = { ...OPEN, walls: [[5_000, 4_000, 400, 1_000]] };
const at = (x, y) => ({ x, y });

test("full speed is 13 units a tick, and no faster on a diagonal", () => {
  assert.deepEqual(moveShip(at(8_000, 4_000), [1, 0], OPEN, 20), at(8_130, 4_000));
  assert.deepEqual(moveShip(at(8_000, 4_000), [1, -1], OPEN, 20), at(8_092, 3_908));
  assert.deepEqual(moveShip(at(8_000, 4_000), [-0.5, 0], OPEN, 20), at(7_935, 4_000));
});

test("a step is a whole number of tenths, halves rounded away from zero", () => {
  assert.deepEqual(moveShip(at(8_000, 4_000), [0.25, -0.25], OPEN, 20), at(8_033, 3_967));
});

test("the arena ends a radius before its edge", () => {
  assert.deepEqual(moveShip(at(200, 8_800), [-1, 1], OPEN, 20), at(160, 8_840));
});

test("a ship slides along a wall: only the blocked axis stands still", () => {
  assert.deepEqual(moveShip(at(4_840, 4_500), [1, 0], WALLED, 20), at(4_840, 4_500));
  const { x, y } = moveShip(at(4_800, 4_500), [1, 1], WALLED, 20);
  assert.equal(x, 4_800);
  assert.ok(y > 4_500);
});

test("touching a wall is not overlapping it", () => {
  assert.equal(hitsWall(4_840, 4_500, 160, WALLED), false);
  assert.equal(hitsWall(4_841, 4_500, 160, WALLED), true);
});

test("where the whole arena is readable it is shown whole, and centred", () => {
  const camera = new Camera();
  camera.fit({ left: 0, top: 0, width: 1_600, height: 1_000 }, { w: 1_600, h: 900 });
  camera.follow(at(100, 100), 16);
  assert.deepEqual([camera.scale, camera.left, camera.top], [1, 0, 50]);
});

test("on a small screen the camera follows and does not look beyond the edge", () => {
  const camera = new Camera();
  camera.fit({ left: 0, top: 0, width: 390, height: 600 }, { w: 1_600, h: 900 });
  camera.follow(at(800, 450), 16);
  assert.ok(Math.abs(camera.toScreen(at(800, 450)).x - 195) < 1e-9);
  const corner = new Camera();
  corner.fit({ left: 0, top: 0, width: 390, height: 600 }, { w: 1_600, h: 900 });
  corner.follow(at(10, 10), 16);
  assert.equal(corner.left, 0);
});
