// A room: members, state with its gaps, inputs with their numbers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { joinReply, joinedClient, settle, socket } from "./fakes.js";

const syncs = () => socket().sent.filter(({ type }) => type === "room.sync").length;
const snapshot = (tick, state, more) =>
  socket().push("room.snapshot", { ack: 0, room: "ROOM", epoch: 1, tick, state, ...more });
const delta = (tick, base, patch, more) =>
  socket().push("room.delta", { ack: 0, room: "ROOM", epoch: 1, tick, base, patch, ...more });

test("the reply to the join says who is there, and pushes keep it up to date", async () => {
  const { room } = await joinedClient();
  assert.deepEqual([room.id, room.seat, room.tickHz, room.players.get(0).username], ["ROOM", 0, 20, "ada"]);
  socket().push("room.joined", { room: "ROOM", seat: 3, player: "p2", username: "bob" });
  assert.deepEqual(room.players.get(3), { seat: 3, player: "p2", username: "bob" });
  socket().push("room.left", { room: "ROOM", seat: 3 });
  assert.equal(room.players.has(3), false);
});

test("one's own seat is among the players even if the reply leaves it out", async () => {
  const { room } = await joinedClient({}, {}, { players: [], seat: 2 });
  assert.deepEqual(room.players.get(2), { seat: 2, player: "p1", username: "ada" });
});

test("snapshot and patches make the view, and each is told", async () => {
  const { room } = await joinedClient();
  const told = [];
  room.on("state", ({ tick, ack, snapshot: whole }) => told.push([tick, ack, whole]));
  snapshot(5, { a: 1 });
  delta(6, 5, { b: 2 }, { ack: 1 });
  assert.deepEqual(room.state, { a: 1, b: 2 });
  assert.deepEqual(told, [
    [5, 0, true],
    [6, 1, false],
  ]);
});

test("a gap is healed by one `room.sync`, and at most one a second", async () => {
  const { room, time } = await joinedClient();
  snapshot(5, { a: 1 });
  delta(9, 8, { a: 9 });
  delta(10, 9, { a: 10 });
  await time.advance(0);
  assert.equal(syncs(), 1);
  delta(11, 10, { a: 11 });
  await time.advance(1_000);
  assert.equal(syncs(), 1);
  assert.deepEqual(room.state, { a: 1 });
  // The snapshot did not come, so it is asked for again.
  await time.advance(200);
  assert.equal(syncs(), 2);
  snapshot(12, { a: 12 });
  delta(13, 12, { a: 13 });
  assert.deepEqual(room.state, { a: 13 });
  await time.advance(5_000);
  assert.equal(syncs(), 2);
});

test("a sync that is refused for now is asked again", async () => {
  const { time } = await joinedClient();
  delta(9, 8, {});
  await time.advance(0);
  socket().reply("room.sync", null, { code: "rate_limited", message: "", temporary: true });
  await time.advance(1_100);
  assert.equal(syncs(), 2);
});

test("after a recovery nothing but a snapshot of the new epoch is taken", async () => {
  const { room } = await joinedClient();
  const recovered = room.next("recovered");
  snapshot(50, { a: 50 });
  socket().push("room.recovered", { room: "ROOM", epoch: 2, tick: 40, ticks_lost: 10 });
  delta(51, 50, { a: 51 });
  snapshot(40, { a: 40 }, { epoch: 2 });
  delta(41, 40, { a: 41 }, { epoch: 2 });
  assert.equal((await recovered).ticks_lost, 10);
  assert.deepEqual([room.state, room.tick, room.epoch], [{ a: 41 }, 41, 2]);
});

test("inputs are numbered from one and say how far they are settled", async () => {
  const { room } = await joinedClient();
  assert.deepEqual([room.input({ x: 1 }), room.input({ x: 2 })], [1, 2]);
  const { id, type, data } = socket().requests.at(-1);
  assert.deepEqual([id, type, data], [undefined, "room.input", { room: "ROOM", seq: 2, input: { x: 2 } }]);
  snapshot(5, {}, { ack: 2 });
  assert.equal(room.ack, 2);
});

test("numbering goes on where the server says after a resume", async () => {
  const { room, time } = await joinedClient();
  room.input({});
  room.input({});
  room.input({});
  socket().end(1006);
  await time.advance(250);
  const reentered = room.next("reentered");
  const rooms = [{ ...joinReply({ input_seq: 2 }), messages_lost: true }];
  socket().welcome({ resumed: true, received: 1, complete: true, rooms });
  assert.deepEqual(await reentered, { resumed: true, messagesLost: true, seat: 0 });
  assert.equal(room.input({}), 3);
});

test("a view from before a cut is not patched after it", async () => {
  const { room, time } = await joinedClient();
  snapshot(5, { a: 1 });
  socket().end(1006);
  await time.advance(250);
  socket().welcome({ resumed: true, received: 1, complete: true, rooms: [joinReply()] });
  delta(6, 5, { a: 2 });
  assert.deepEqual(room.state, { a: 1 });
  snapshot(7, { a: 3 });
  assert.deepEqual(room.state, { a: 3 });
});

for (const [type, name, data] of [
  ["room.event", "event", { tick: 3, event: { kind: "hit" } }],
  ["room.message", "message", { from: 2, payload: { hi: 1 } }],
  ["room.input_rejected", "input_rejected", { seq: 4, code: "input_refused", message: "no" }],
  ["room.ended", "ended", { result: { winner: 1 } }],
  ["room.invented_later", "invented_later", { x: 1 }],
]) {
  test(`${type} is the room's event "${name}"`, async () => {
    const { room } = await joinedClient();
    const told = room.next(name);
    socket().push(type, { room: "ROOM", ...data });
    assert.deepEqual(await told, { room: "ROOM", ...data });
  });
}

test("a closed room says why, is forgotten, and takes no more inputs", async () => {
  const { client, room } = await joinedClient();
  const closed = room.next("closed");
  socket().push("room.closed", { room: "ROOM", reason: "crashed", message: "gone" });
  assert.deepEqual(await closed, { room: "ROOM", reason: "crashed", message: "gone" });
  assert.equal(client.rooms.size, 0);
  assert.equal(room.input({}), null);
});

test("leaving resolves when the server has let go", async () => {
  const { client, room } = await joinedClient();
  const left = room.leave();
  assert.equal(client.rooms.size, 1);
  socket().reply("room.leave", {});
  await left;
  assert.equal(client.rooms.size, 0);
});

test("a room that was being left when the line was cut is not joined again", async () => {
  const { client, room, time } = await joinedClient();
  const left = room.leave();
  socket().end(4000);
  await time.advance(250);
  socket().welcome({ session: "s2" });
  await settle();
  assert.deepEqual(
    socket().requests.map(({ type }) => type),
    ["room.leave"],
  );
  socket().reply("room.leave", null, { code: "not_joined", message: "", temporary: false });
  await left;
  assert.equal(client.rooms.size, 0);
});

test("pushes of rooms that this client is not in are ignored", async () => {
  const { room } = await joinedClient();
  socket().push("room.snapshot", { ack: 0, room: "OTHER", epoch: 1, tick: 1, state: { a: 1 } });
  assert.equal(room.state, null);
});
