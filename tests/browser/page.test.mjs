// The parts of the page that need no browser: the arena's rules and the camera.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../crates/server/web/camera.js";
import { hitsWall, moveShip } from "../../crates/server/web/rules.js";

const OPEN = { w: 6_400, h: 3_600, walls: [] };
const WALLED = { ...OPEN, walls: [[2_000, 1_600, 160, 400]] };
const at = (x, y) => ({ x, y });

test("full speed is 13 units a tick, and no faster on a diagonal", () => {
  assert.deepEqual(moveShip(at(3_200, 1_600), [1, 0], OPEN, 20), at(3_252, 1_600));
  assert.deepEqual(moveShip(at(3_200, 1_600), [1, -1], OPEN, 20), at(3_237, 1_563));
  assert.deepEqual(moveShip(at(3_200, 1_600), [-0.5, 0], OPEN, 20), at(3_174, 1_600));
});

test("a step is a whole number of quarters, halves rounded away from zero", () => {
  assert.deepEqual(moveShip(at(3_200, 1_600), [0.125, -0.125], OPEN, 20), at(3_207, 1_593));
});

test("the arena ends a radius before its edge", () => {
  assert.deepEqual(moveShip(at(80, 3_520), [-1, 1], OPEN, 20), at(64, 3_536));
});

test("a ship slides along a wall: only the blocked axis stands still", () => {
  assert.deepEqual(moveShip(at(1_936, 1_800), [1, 0], WALLED, 20), at(1_936, 1_800));
  const { x, y } = moveShip(at(1_920, 1_800), [1, 1], WALLED, 20);
  assert.equal(x, 1_920);
  assert.ok(y > 1_800);
});

test("touching a wall is not overlapping it", () => {
  assert.equal(hitsWall(1_936, 1_800, 64, WALLED), false);
  assert.equal(hitsWall(1_937, 1_800, 64, WALLED), true);
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
