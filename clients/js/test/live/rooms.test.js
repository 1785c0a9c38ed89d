// Rooms, their state and their messages: the library against the real server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WebSocket, connect, pair, until, view, within } from "./support.js";

const STILL = { move: [0, 0], aim: 0, fire: false };

test("the members of a room see each other come and go", async (t) => {
  const { bob, mine, theirs } = await pair(t, "arena");
  assert.equal(mine.players.get(theirs.seat).player, bob.player.id);
  assert.deepEqual([...theirs.players.keys()].sort(), [mine.seat, theirs.seat].sort());
  const left = within(mine.next("left"), "the other to leave");
  await within(theirs.leave(), "the reply");
  assert.equal((await left).seat, theirs.seat);
  assert.equal(mine.players.has(theirs.seat), false);
  assert.equal(bob.rooms.size, 0);
});

test("an open room is joined, and a new one made only when there is none", async (t) => {
  const [ada, bob] = [await connect(t), await connect(t)];
  const metadata = { tag: ada.player.id };
  const made = await within(ada.create("arena", { metadata }), "a room");
  const found = await within(bob.joinOrCreate("arena", { where: metadata }), "a room");
  assert.equal(found.id, made.id);
  assert.deepEqual(found.metadata, metadata);
});

test("the list of rooms shows the room and who fits in", async (t) => {
  const { ada, mine } = await pair(t, "arena");
  const { items } = await within(ada.listRooms({ game: "arena", limit: 100 }), "the list");
  const listed = items.find(({ room }) => room === mine.id);
  assert.deepEqual([listed.game, listed.players, listed.state], ["arena", 2, "open"]);
});

test("an input moves the ship in both tabs and is settled", async (t) => {
  const { mine, theirs } = await pair(t, "arena");
  const { ships } = await view(theirs, (state) => mine.seat in state.ships, "the ship");
  const [x, y] = ships[mine.seat];
  const seq = mine.input({ ...STILL, move: [0.7, 0.7] });
  assert.equal(seq, 1);
  await until(mine, "state", ({ ack }) => ack >= seq, "the acknowledgement");
  const moved = ([nowX, nowY]) => nowX !== x || nowY !== y;
  await view(theirs, (state) => mine.seat in state.ships && moved(state.ships[mine.seat]), "the ship to move");
});

test("snapshot and patches make the same view as a fresh snapshot", async (t) => {
  const { mine } = await pair(t, "arena");
  await view(mine, ({ ships }) => mine.seat in ships, "the own ship");
  mine.input({ ...STILL, move: [0.5, 0.2], aim: 1 });
  await until(mine, "state", ({ ack, snapshot }) => ack === 1 && !snapshot, "a patch");
  const stopped = mine.input(STILL);
  await until(mine, "state", ({ ack }) => ack >= stopped, "the acknowledgement");
  const patched = mine.state;
  mine.sync();
  const fresh = await until(mine, "state", ({ snapshot }) => snapshot, "the snapshot");
  assert.deepEqual(fresh.view, patched);
});

test("a patch that was lost on the way is healed by a snapshot", async (t) => {
  let lose = false;
  class Lossy extends WebSocket {
    set onmessage(listener) {
      super.onmessage =
        listener &&
        ((event) => {
          if (lose && event.data.includes('"room.delta"')) lose = false;
          else listener(event);
        });
    }
  }
  const { mine, theirs } = await pair(t, "arena", [{ WebSocket: Lossy }]);
  await view(mine, ({ ships }) => mine.seat in ships, "the own ship");
  const healed = until(mine, "state", ({ snapshot }) => snapshot, "the snapshot");
  lose = true;
  mine.input({ ...STILL, move: [0.7, 0.7] });
  await healed;
  assert.equal(lose, false);
  const seq = mine.input(STILL);
  await until(mine, "state", ({ ack }) => ack >= seq, "the acknowledgement");
  const place = (room) => JSON.stringify(room.state.ships[mine.seat]);
  await view(theirs, () => place(theirs) === place(mine), "both to see the same");
});

test("what one sends in a relay room the others get, in order, or only those who are named", async (t) => {
  const { mine, theirs } = await pair(t, "relay");
  const carol = await connect(t);
  const third = await within(carol.join(mine.id), "a seat");
  const got = { theirs: [], third: [] };
  theirs.on("message", ({ from, payload }) => got.theirs.push([from, payload]));
  third.on("message", ({ from, payload }) => got.third.push([from, payload]));
  const last = [theirs, third].map((room) => until(room, "message", ({ payload }) => payload === "last", "the last"));
  for (let i = 0; i < 20; i += 1) mine.send({ i });
  mine.send("only for one", [theirs.seat]);
  mine.send("last");
  await Promise.all(last);
  const all = Array.from({ length: 20 }, (_, i) => [mine.seat, { i }]);
  assert.deepEqual(got.theirs, [...all, [mine.seat, "only for one"], [mine.seat, "last"]]);
  assert.deepEqual(got.third, [...all, [mine.seat, "last"]]);
});

test("a send that the game does not allow is told as an error", async (t) => {
  const { ada, mine } = await pair(t, "arena");
  const refused = within(ada.next("error"), "the refusal");
  mine.send({ hello: 1 });
  const { request, temporary } = await refused;
  assert.deepEqual([request, temporary], ["room.send", false]);
});

test("an input that makes no sense is rejected and costs nothing else", async (t) => {
  const { ada, mine } = await pair(t, "arena");
  const told = Promise.race([mine.next("input_rejected"), ada.next("error")]);
  mine.input({ move: "north" });
  await within(told, "the rejection");
  const seq = mine.input(STILL);
  await until(mine, "state", ({ ack }) => ack >= seq, "the acknowledgement");
});
