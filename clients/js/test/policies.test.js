// The decisions that are plain values: back-off, close codes, heartbeat, clock, errors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff, closePolicy } from "../gamev1.js";
import { ClockSync } from "../clock.js";
import { errorFromProblem, errorFromReply } from "../errors.js";
import { Heartbeat } from "../heartbeat.js";

test("the ceiling of the wait doubles from half a second to thirty", () => {
  const backoff = new Backoff({ random: () => 1 });
  const waits = Array.from({ length: 9 }, () => backoff.next());
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test("jitter is full: the wait may be anything below the ceiling", () => {
  const draws = [0, 0.25, 0.5];
  const backoff = new Backoff({ random: () => draws.shift() });
  assert.deepEqual([backoff.next(), backoff.next(), backoff.next()], [0, 250, 1_000]);
});

test("only a connection that held ten seconds makes the back-off begin anew", () => {
  const backoff = new Backoff({ random: () => 1 });
  backoff.next();
  backoff.next();
  assert.equal(backoff.held(9_999), false);
  assert.equal(backoff.next(), 2_000);
  assert.equal(backoff.held(10_000), true);
  assert.equal(backoff.next(), 500);
});

const CLOSE_CODES = [
  [1000, "stop"],
  [1001, "resume"],
  [1003, "resume", true],
  [1005, "resume"],
  [1006, "resume"],
  [1007, "resume", true],
  [1008, "give_up"],
  [1009, "resume", true],
  [1011, "resume"],
  [1013, "resume"],
  [4000, "resume"],
  [4001, "sign_in"],
  [4003, "give_up"],
  [4008, "resume"],
  [4009, "stop"],
  [4010, "give_up"],
  [4029, "resume"],
  [4400, "resume", true],
  [4499, "resume"],
  [4500, "give_up"],
  [4999, "give_up"],
];
for (const [code, action, atFault = false] of CLOSE_CODES) {
  test(`close code ${code}: ${action}${atFault ? ", once" : ""}`, () => {
    const policy = closePolicy(code, "");
    assert.deepEqual([policy.action, policy.atFault], [action, atFault]);
  });
}

test("the reason of a close tells the code and when to come back", () => {
  const policy = closePolicy(1013, '{"code": "overloaded", "retry_after_ms": 1500}');
  assert.deepEqual([policy.code, policy.retryAfterMs], ["overloaded", 1500]);
  assert.equal(closePolicy(4003, '{"code": "banned", "until_ms": 99}').untilMs, 99);
});

test("a reason that is no JSON, or no object, is read as none", () => {
  for (const reason of ["bye", "", "null", "7"]) {
    assert.deepEqual(closePolicy(4000, reason).code, "silent");
  }
});

test("a ping leaves at once, then as often as asked for", () => {
  const heartbeat = new Heartbeat({ heartbeatMs: 20_000, pingEveryMs: 5_000, nowMs: 0 });
  assert.equal(heartbeat.due(0), "ping");
  heartbeat.pinged(0);
  heartbeat.heard(10);
  heartbeat.answered();
  assert.equal(heartbeat.due(4_999), null);
  assert.equal(heartbeat.waitMs(4_000), 1_000);
  assert.equal(heartbeat.due(5_000), "ping");
});

test("a ping is never rarer than the heartbeat", () => {
  const heartbeat = new Heartbeat({ heartbeatMs: 20_000, pingEveryMs: 90_000, nowMs: 0 });
  heartbeat.pinged(0);
  heartbeat.heard(1);
  heartbeat.answered();
  assert.equal(heartbeat.due(20_000), "ping");
});

test("two heartbeats of silence drop the socket", () => {
  const heartbeat = new Heartbeat({ heartbeatMs: 20_000, pingEveryMs: 5_000, nowMs: 0 });
  heartbeat.pinged(0);
  heartbeat.heard(100);
  heartbeat.answered();
  heartbeat.pinged(5_100);
  assert.equal(heartbeat.due(40_099), null);
  assert.equal(heartbeat.due(40_100), "drop");
});

test("a tab that slept pings before it believes in silence", () => {
  const heartbeat = new Heartbeat({ heartbeatMs: 20_000, pingEveryMs: 20_000, nowMs: 0 });
  heartbeat.pinged(0);
  heartbeat.heard(1);
  heartbeat.answered();
  assert.equal(heartbeat.due(600_000), "ping");
  heartbeat.pinged(600_000);
  assert.equal(heartbeat.due(619_999), null);
  assert.equal(heartbeat.due(620_000), "drop");
});

test("a lost answer is asked for again while other frames come", () => {
  const heartbeat = new Heartbeat({ heartbeatMs: 20_000, pingEveryMs: 5_000, nowMs: 0 });
  heartbeat.pinged(0);
  heartbeat.heard(15_000);
  assert.equal(heartbeat.due(20_000), "ping");
});

test("the clock believes the quickest of the last pings", () => {
  const clock = new ClockSync();
  clock.observe(1_000, 1_200, 51_000);
  assert.equal(clock.offsetMs, 49_900);
  clock.observe(2_000, 2_010, 52_005);
  clock.observe(3_000, 3_400, 53_000);
  assert.equal(clock.offsetMs, 50_000);
  assert.equal(clock.rttMs, 200 - 190 / 8 + (400 - (200 - 190 / 8)) / 8);
});

test("an unknown code of a reply is judged by its `temporary`", () => {
  const error = errorFromReply({ code: "from_the_future", message: "m", temporary: true, retry_after_ms: 70 });
  assert.deepEqual([error.code, error.temporary, error.retryAfterMs], ["from_the_future", true, 70]);
});

test("an HTTP error is judged by its status, but for two conflicts that pass", () => {
  const temporary = (status, code) => errorFromProblem(status, { code }, null).temporary;
  assert.deepEqual(
    [
      temporary(503, "draining"),
      temporary(429, "rate_limited"),
      temporary(404, "not_found"),
      temporary(409, "conflict"),
    ],
    [true, true, false, false],
  );
  assert.deepEqual([temporary(409, "room_full"), temporary(409, "room_recovering")], [true, true]);
  assert.equal(errorFromProblem(503, null, "3").retryAfterMs, 3_000);
  assert.equal(errorFromProblem(502, null, null).code, "http_502");
});
