// Merge patches and the rules by which a view takes them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SharedView, mergePatch } from "../gamev1.js";

// The table of RFC 7396, appendix A: original, patch, result.
const RFC_7396 = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

for (const [original, patch, result] of RFC_7396) {
  test(`${JSON.stringify(original)} patched with ${JSON.stringify(patch)}`, () => {
    assert.deepEqual(mergePatch(original, patch), result);
  });
}

test("a patch leaves the older view whole and shares what it does not touch", () => {
  const older = { ships: { 1: [1, 2], 2: [3, 4] }, walls: { w: 1 } };
  const newer = mergePatch(older, { ships: { 1: [5, 6] } });
  assert.deepEqual(older.ships[1], [1, 2]);
  assert.deepEqual(newer.ships, { 1: [5, 6], 2: [3, 4] });
  assert.equal(newer.walls, older.walls);
});

test("a member called __proto__ is data like any other", () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  assert.equal(merged.polluted, undefined);
  assert.deepEqual(Object.keys(merged), ["__proto__"]);
});

function viewAtTick10() {
  const shared = new SharedView();
  shared.expect(3);
  shared.snapshot({ ack: 4, epoch: 3, tick: 10, state: { a: 1 } });
  return shared;
}

test("a patch on the tick that is held moves view, tick and ack on", () => {
  const shared = viewAtTick10();
  assert.equal(shared.delta({ ack: 5, epoch: 3, tick: 12, base: 10, patch: { b: 2 } }), "applied");
  assert.deepEqual([shared.view, shared.tick, shared.ack], [{ a: 1, b: 2 }, 12, 5]);
});

test("an empty patch moves only tick and ack", () => {
  const shared = viewAtTick10();
  assert.equal(shared.delta({ ack: 9, epoch: 3, tick: 11, base: 10, patch: {} }), "applied");
  assert.deepEqual([shared.view, shared.tick, shared.ack], [{ a: 1 }, 11, 9]);
});

test("a patch on another tick is a gap, and so is everything after it until a snapshot", () => {
  const shared = viewAtTick10();
  assert.equal(shared.delta({ epoch: 3, tick: 13, base: 12, patch: { a: 2 } }), "gap");
  assert.equal(shared.delta({ epoch: 3, tick: 11, base: 10, patch: { a: 2 } }), "gap");
  assert.deepEqual([shared.view, shared.tick], [{ a: 1 }, 10]);
  assert.equal(shared.snapshot({ ack: 6, epoch: 3, tick: 14, state: { a: 3 } }), true);
  assert.equal(shared.delta({ epoch: 3, tick: 15, base: 14, patch: { a: 4 } }), "applied");
  assert.deepEqual(shared.view, { a: 4 });
});

test("an older epoch is ignored, as a snapshot and as a patch", () => {
  const shared = viewAtTick10();
  assert.equal(shared.snapshot({ epoch: 2, tick: 99, state: { a: 9 } }), false);
  assert.equal(shared.delta({ epoch: 2, tick: 11, base: 10, patch: { a: 9 } }), "ignored");
  assert.deepEqual(shared.view, { a: 1 });
});

test("a higher epoch drops the base and waits for the snapshot; a second patch without one is a gap", () => {
  const shared = viewAtTick10();
  assert.equal(shared.delta({ epoch: 4, tick: 11, base: 10, patch: { a: 9 } }), "ignored");
  assert.equal(shared.delta({ epoch: 4, tick: 12, base: 11, patch: { a: 9 } }), "gap");
  assert.equal(shared.snapshot({ epoch: 4, tick: 8, state: { a: 7 } }), true);
  assert.deepEqual([shared.view, shared.tick, shared.epoch], [{ a: 7 }, 8, 4]);
});

test("a tick of 0 is a base like any other", () => {
  const shared = new SharedView();
  shared.snapshot({ epoch: 0, tick: 0, state: {} });
  assert.equal(shared.delta({ epoch: 0, tick: 1, base: 0, patch: { a: 1 } }), "applied");
});
