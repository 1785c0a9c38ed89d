// What a resume carries over: which frames and requests are counted, and what is sent again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { joinReply, joinedClient, settle, socket } from "./fakes.js";

test("only what the server has not counted is sent again, in order", async () => {
  const { time, room, client } = await joinedClient();
  room.send("one");
  room.send("two");
  const sync = client.request("room.sync", { room: "ROOM" });
  room.input({ n: 1 });
  socket().end(1006);
  await time.advance(250);
  socket().welcome({ resumed: true, received: 2, complete: true, rooms: [joinReply({ input_seq: 1 })] });
  const [two, again, ...rest] = socket().requests;
  assert.deepEqual([two.data.payload, again.type, rest], ["two", "room.sync", []]);
  socket().reply("room.sync", {});
  assert.deepEqual(await sync, {});
});

test("what is asked for while cut off leaves after what was under way", async () => {
  const { time, room } = await joinedClient();
  room.send("before");
  socket().end(1006);
  await settle();
  room.send("while cut off");
  assert.equal(room.input({}), null);
  await time.advance(250);
  socket().welcome({ resumed: true, received: 1, complete: true, rooms: [joinReply()] });
  assert.deepEqual(
    socket().requests.map(({ data }) => data.payload),
    ["before", "while cut off"],
  );
});

test("a pong confirms, and what is confirmed is not kept", async () => {
  const { client, room } = await joinedClient();
  socket().reply("ping", { received: 1, server_ms: 1_000_000 });
  room.send("x");
  assert.equal(client.stats.unconfirmed, 1);
  assert.equal(client.stats.rttMs, 0);
});

test("at 128 unreported frames a ping reports them", async () => {
  const { room } = await joinedClient();
  socket().reply("ping", { received: 1, server_ms: 0 });
  const before = socket().sent.length;
  for (let i = 0; i < 126; i += 1) socket().push("room.event", { room: room.id, tick: i, event: {} });
  assert.equal(socket().sent.length, before);
  socket().push("room.event", { room: room.id, tick: 127, event: {} });
  assert.deepEqual(socket().sent.at(-1).data, { received: 128 });
});

test("state frames, messages that the game does not keep, and pongs are not counted", async () => {
  const { time, room } = await joinedClient();
  socket().reply("ping", { received: 0, server_ms: 0 });
  socket().push("room.snapshot", { ack: 0, room: room.id, epoch: 1, tick: 1, state: {} });
  socket().push("room.delta", { ack: 0, room: room.id, epoch: 1, tick: 2, base: 1, patch: {} });
  socket().push("room.message", { room: room.id, from: 1, payload: 1 });
  socket().push("rtc.relay", { peer: 1, seq: 1, reliable: false, data: "" });
  socket().push("rtc.relay", { peer: 1, seq: 2, reliable: true, data: "" });
  socket().push("something.new", {});
  socket().end(1006);
  await time.advance(250);
  // The reply to the match, the reliable relay, and the type that nobody knows.
  assert.equal(socket().url.searchParams.get("received"), "3");
});

test("messages that the game keeps are counted", async () => {
  const { time, room } = await joinedClient({}, {}, { keep_messages: true });
  socket().push("room.message", { room: room.id, from: 1, payload: 1 });
  socket().end(1006);
  await time.advance(250);
  assert.equal(socket().url.searchParams.get("received"), "2");
});

test("after an incomplete resume requests end as interrupted, but one with a client id is sent again", async () => {
  const { time, client, room } = await joinedClient();
  const sync = client.request("room.sync", { room: room.id });
  const making = client.create("relay");
  socket().end(1006);
  await time.advance(250);
  const interrupted = assert.rejects(sync, { code: "interrupted", temporary: false });
  socket().welcome({ resumed: true, received: 7, complete: false, rooms: [joinReply({ epoch: 65_536 })] });
  await interrupted;
  assert.deepEqual(
    socket().requests.map(({ type }) => type),
    ["room.create"],
  );
  socket().reply("room.create", joinReply({ room: "OTHER", game: "relay" }));
  assert.equal((await making).id, "OTHER");
  // Counting went on from the number that the server told.
  socket().reply("ping", { received: 8, server_ms: 0 });
  assert.equal(client.stats.unconfirmed, 0);
});
