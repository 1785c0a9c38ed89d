// Requests and replies: ids, refusals, bounds, and replies that come too late.

import assert from "node:assert/strict";
import { test } from "node:test";

import { joinReply, joinedClient, openClient, settle, socket } from "./fakes.js";

test("replies find their requests in any order", async () => {
  const { client } = await openClient();
  const [first, second] = [client.request("chat.history", { n: 1 }), client.request("chat.history", { n: 2 })];
  const [a, b] = socket().requests;
  assert.notEqual(a.id, b.id);
  for (const { id, data } of [b, a]) socket().onmessage({ data: JSON.stringify({ id, data: { got: data.n } }) });
  assert.deepEqual([await first, await second], [{ got: 1 }, { got: 2 }]);
});

test("a refusal rejects with the server's code, details and hint", async () => {
  const { client } = await openClient();
  const asked = client.request("room.join", { room: "X" });
  const error = { code: "rate_limited", message: "slower", temporary: true, retry_after_ms: 50, details: { limit: 1 } };
  socket().reply("room.join", null, error);
  await assert.rejects(asked, {
    name: "GameError",
    code: "rate_limited",
    message: "slower",
    temporary: true,
    retryAfterMs: 50,
    details: { limit: 1 },
  });
});

test("the refusal of a request without id is the client's `error` event", async () => {
  const { client, room } = await joinedClient();
  const refused = client.next("error");
  room.send({ hello: 1 });
  assert.equal(socket().requests.at(-1).id, undefined);
  socket().push("error", { request: "room.send", code: "forbidden", message: "no sends here", temporary: false });
  const error = await refused;
  assert.deepEqual([error.code, error.request, error.temporary], ["forbidden", "room.send", false]);
});

test("a request that nobody answers ends in time", async () => {
  const { client, time } = await openClient();
  const asked = assert.rejects(client.request("room.sync", {}, { timeoutMs: 1_000 }), { code: "timeout" });
  await time.advance(1_000);
  await asked;
});

test("a seat whose reply comes too late is given back", async () => {
  const { client, time } = await openClient({}, { requestTimeoutMs: 1_000 });
  const joining = assert.rejects(client.join("ROOM"), { code: "timeout" });
  await time.advance(1_000);
  await joining;
  socket().reply("room.join", joinReply());
  assert.deepEqual([socket().requests.at(-1).type, socket().requests.at(-1).data], ["room.leave", { room: "ROOM" }]);
  socket().reply("room.leave", {});
  assert.equal(client.rooms.size, 0);
});

test("at 256 unconfirmed requests the next is refused here instead of being kept", async () => {
  const { client, room } = await joinedClient();
  for (let i = 0; i < 255; i += 1) room.send(i);
  assert.equal(client.stats.unconfirmed, 256);
  assert.throws(() => room.send("one too many"), { code: "overloaded", temporary: true });
  await assert.rejects(client.request("room.sync", {}), { code: "overloaded" });
  // Long before that a ping has asked how far the server is.
  assert.equal(socket().sent.filter(({ type }) => type === "ping").length, 1);
  socket().reply("ping", { received: 256, server_ms: 0 });
  room.send("fits again");
});

test("unconfirmed requests ask for a confirmation at 128", async () => {
  const { room } = await joinedClient();
  socket().reply("ping", { received: 1, server_ms: 0 });
  for (let i = 0; i < 128; i += 1) room.send(i);
  assert.equal(socket().sent.at(-1).type, "room.send");
  socket().push("room.event", { room: room.id, tick: 1, event: {} });
  assert.equal(socket().sent.at(-1).type, "ping");
});

test("a frame that is too large is refused here and does not cost the socket", async () => {
  const { room } = await joinedClient();
  const before = socket().sent.length;
  assert.throws(() => room.send("é".repeat(10_000)), { code: "too_large", details: { limit: 16_384 } });
  assert.equal(socket().sent.length, before);
  room.send("e".repeat(10_000));
});

test("what is asked for before the first connection is sent once it stands", async () => {
  const { client } = await openClient();
  client.close();
  const connected = client.connect();
  const joining = client.joinOrCreate("arena", { where: { map: "x" } });
  await settle();
  assert.equal(socket().sent.length, 0);
  socket().welcome();
  await connected;
  const [match] = socket().requests;
  assert.deepEqual([match.type, match.data.game, match.data.where], ["room.match", "arena", { map: "x" }]);
  assert.match(match.data.client_id, /^[a-z0-9]+$/);
  socket().reply("room.match", joinReply());
  assert.equal((await joining).id, "ROOM");
});
