// Prediction against a model of a server, and the reading of buffered views.

import assert from "node:assert/strict";
import { test } from "node:test";

import { InterpolationBuffer, Predictor, TickClock, lerpAngle } from "../gamev1.js";

const RULE = (state, input) => ({ x: state.x + input });

/**
 * A server that moves by the input in force, once a tick, behind a line that takes `upTicks` and `downTicks`.
 * Answers, for each client step, the predicted and the eventual position.
 */
function play({ inputs, upTicks, downTicks, sendEvery = 1 }) {
  const predictor = new Predictor({ step: RULE });
  const truth = new Map();
  const predictions = [];
  const [arriving, returning] = [[], []];
  let server = { x: 0 };
  let inForce = 0;
  let ack = 0;
  let seq = 0;
  predictor.reconcile(server, 100, 0);
  for (let step = 0; step < inputs.length + upTicks + downTicks + 4; step += 1) {
    const tick = 101 + step;
    while (arriving[0]?.tick <= tick) ({ input: inForce, seq: ack } = arriving.shift());
    server = RULE(server, inForce);
    truth.set(tick, server.x);
    returning.push({ tick, ack, state: server, at: step + downTicks });
    while (returning[0]?.at <= step) {
      const state = returning.shift();
      predictor.reconcile(state.state, state.tick, state.ack);
    }
    if (step >= inputs.length) continue;
    const changed = step === 0 || inputs[step] !== inputs[step - 1];
    if (changed || step % sendEvery === 0) arriving.push({ tick: tick + upTicks, input: inputs[step], seq: ++seq });
    predictor.advance(inputs[step], seq);
    predictions.push({ tick: tick + upTicks, x: predictor.state.x });
  }
  return { truth, predictions };
}

for (const [upTicks, downTicks, sendEvery] of [
  [1, 0, 1],
  [1, 1, 1],
  [3, 2, 1],
  [2, 5, 4],
  [4, 1, 100],
]) {
  test(`${upTicks} ticks up, ${downTicks} down, an input every ${sendEvery}: the server ends where it was predicted`, () => {
    const inputs = [0, 1, 1, 1, 1, -2, -2, 0, 0, 0, 3, 3, 3, 3, 3, 3, 1, 0, 0, -1, -1, 2, 2, 2, 2, 0];
    const { truth, predictions } = play({ inputs, upTicks, downTicks, sendEvery });
    // Before the first acknowledgement nobody can know how far the client is ahead.
    const known = predictions.slice(upTicks + downTicks + 1);
    assert.ok(known.length > 10);
    for (const { tick, x } of known) assert.equal(x, truth.get(tick));
  });
}

test("what the server has not settled is replayed on top of its correction", () => {
  const predictor = new Predictor({ step: RULE });
  predictor.reconcile({ x: 0 }, 10, 0);
  predictor.advance(1, 1);
  predictor.advance(1, 1);
  predictor.advance(5, 2);
  assert.equal(predictor.state.x, 7);
  // The server pushed the player back at the tick of the first step.
  predictor.reconcile({ x: -100 }, 13, 1);
  assert.deepEqual([predictor.previous.x, predictor.state.x, predictor.ahead], [-99, -94, 2]);
});

test("when the server has caught up the step that is being drawn stays as it was", () => {
  const predictor = new Predictor({ step: RULE });
  predictor.reconcile({ x: 0 }, 10, 0);
  predictor.advance(1, 1);
  predictor.reconcile({ x: 1 }, 11, 1);
  assert.deepEqual([predictor.ahead, predictor.previous.x, predictor.state.x], [0, 0, 1]);
});

test("an input that came a tick late shifts the replay by that tick", () => {
  const predictor = new Predictor({ step: RULE });
  predictor.reconcile({ x: 0 }, 10, 0);
  for (let i = 0; i < 6; i += 1) predictor.advance(1, 1);
  predictor.reconcile({ x: 1 }, 14, 1);
  assert.deepEqual([predictor.state.x, predictor.ahead], [6, 5]);
  predictor.reconcile({ x: 2 }, 15, 1);
  assert.deepEqual([predictor.state.x, predictor.ahead], [6, 4]);
});

test("without answers the steps that are kept are bounded", () => {
  const predictor = new Predictor({ step: RULE, stepsMax: 8 });
  predictor.reconcile({ x: 0 }, 0, 0);
  for (let i = 0; i < 100; i += 1) predictor.advance(1, i);
  assert.equal(predictor.ahead, 8);
});

test("a reset prediction knows nothing until the next state", () => {
  const predictor = new Predictor({ step: RULE });
  predictor.reconcile({ x: 3 }, 10, 0);
  predictor.reset();
  assert.equal(predictor.state, null);
  predictor.advance(1, 1);
  assert.equal(predictor.state, null);
});

test("the clock follows early states quickly, late ones slowly, and jumps when time has jumped", () => {
  const clock = new TickClock(20);
  assert.equal(clock.at(0), null);
  clock.observe(100, 5_000);
  assert.equal(clock.at(5_025), 100.5);
  clock.observe(101, 5_150);
  assert.ok(Math.abs(clock.at(5_150) - 102.96) < 1e-9);
  clock.observe(102, 5_100);
  assert.ok(Math.abs(clock.at(5_100) - 101.97) < 1e-9);
  clock.observe(900, 5_150);
  assert.equal(clock.at(5_150), 900);
});

test("between two views lies their mixture", () => {
  const buffer = new InterpolationBuffer();
  assert.equal(buffer.sample(1), null);
  buffer.push(10, "a");
  buffer.push(11, "b");
  assert.deepEqual(buffer.sample(10.25), { from: "a", to: "b", t: 0.25 });
  assert.deepEqual(buffer.sample(9), { from: "a", to: "a", t: 0 });
  assert.deepEqual(buffer.sample(12), { from: "b", to: "b", t: 0 });
});

test("after stillness a change takes the last two ticks, not the whole pause", () => {
  const buffer = new InterpolationBuffer();
  buffer.push(10, "a");
  buffer.push(20, "b");
  assert.equal(buffer.sample(15).t, 0);
  assert.equal(buffer.sample(19).t, 0.5);
});

test("when time goes back what was buffered is dropped, and what is kept is bounded", () => {
  const buffer = new InterpolationBuffer({ framesMax: 2 });
  for (const tick of [1, 2, 3]) buffer.push(tick, tick);
  assert.deepEqual(buffer.sample(1.5).from, 2);
  buffer.push(2, "again");
  assert.deepEqual(buffer.sample(9).from, "again");
});

test("angles turn the short way round", () => {
  const close = (a, b) => assert.ok(Math.abs(Math.sin((a - b) / 2)) < 1e-9, `${a} is not ${b}`);
  close(lerpAngle(0.1, 2 * Math.PI - 0.1, 0.5), 0);
  close(lerpAngle(1, 2, 0.25), 1.25);
  close(lerpAngle(6, 0.2, 1), 0.2);
});
