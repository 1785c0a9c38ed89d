// Signing in, connecting, coming back: the library against the real server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WebSocket, connect, pair, until, view, within } from "./support.js";

test("two tabs are two players", async (t) => {
  const [ada, bob] = [await connect(t), await connect(t)];
  assert.notEqual(ada.player.id, bob.player.id);
  assert.match(ada.player.id, /^[0-9a-f-]{36}$/);
});

test("the same tab is the same player on the next visit", async (t) => {
  const first = await connect(t);
  first.close();
  const again = await connect(t, { storage: first.storage });
  assert.equal(again.player.id, first.player.id);
});

test("the same device is the same player although its tokens are lost", async (t) => {
  const first = await connect(t);
  const { device_id } = JSON.parse(first.storage.getItem("gamev1.guest"));
  first.storage.setItem("gamev1.guest", JSON.stringify({ device_id }));
  const again = await connect(t, { storage: first.storage });
  assert.equal(again.player.id, first.player.id);
});

test("tokens are refreshed when they run out, and the refresh token rotates", async (t) => {
  const first = await connect(t);
  const guest = JSON.parse(first.storage.getItem("gamev1.guest"));
  first.storage.setItem("gamev1.guest", JSON.stringify({ ...guest, expires_at_ms: 0 }));
  const again = await connect(t, { storage: first.storage });
  const renewed = JSON.parse(first.storage.getItem("gamev1.guest"));
  assert.equal(again.player.id, first.player.id);
  assert.notEqual(renewed.refresh_token, guest.refresh_token);
});

test("an open socket takes the next token", async (t) => {
  const client = await connect(t);
  const { access_token } = JSON.parse(client.storage.getItem("gamev1.guest"));
  const { expires_in } = await within(client.request("auth.refresh", { access_token }), "the reply");
  assert.ok(expires_in > 0);
});

test("the welcome tells the limits, and a ping the round-trip time", async (t) => {
  const client = await connect(t);
  assert.ok(client.limits.frame_bytes >= 1024);
  assert.ok(client.limits.input_hz >= 1);
  const pong = await within(client.request("ping", {}), "the pong");
  assert.ok(Math.abs(pong.server_ms - Date.now()) < 60_000);
  assert.ok(client.stats.rttMs !== null);
});

test("a refusal names its code and leaves the socket open", async (t) => {
  const client = await connect(t);
  const refused = (type, data) => within(client.request(type, data), "the refusal");
  await assert.rejects(refused("no.such", {}), { code: "unknown_type", temporary: false });
  await assert.rejects(refused("room.join", { room: 7 }), { code: "bad_request", temporary: false });
  await assert.rejects(within(client.join("0000000000"), "the refusal"), { code: "room_not_found" });
  await assert.rejects(within(client.joinOrCreate("no-such-game"), "the refusal"), { code: "game_not_found" });
  assert.equal(client.state, "open");
});

/** A WebSocket class that remembers its sockets, so that a test can cut the newest. */
function cuttable() {
  const sockets = [];
  class Kept extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }
  return { WebSocket: Kept, cut: () => sockets.at(-1).close(4008) };
}

test("after a cut the client is back in its seat by itself, and plays on", async (t) => {
  const line = cuttable();
  const { ada, mine, theirs } = await pair(t, "arena", [{ WebSocket: line.WebSocket }]);
  const gone = [];
  theirs.on("left", (left) => gone.push(left));
  const { ships } = await view(theirs, (state) => mine.seat in state.ships, "the ship");
  const back = within(mine.next("reentered"), "the seat");
  const { seat } = mine;
  line.cut();
  await until(ada, "connection", ({ state }) => state === "waiting", "the cut to be noticed");
  assert.deepEqual(await back, { resumed: true, messagesLost: false, seat });
  await within(ada.connect(), "the connection");
  const [x, y] = ships[seat];
  mine.input({ move: [0.7, 0.7], aim: 0, fire: false });
  const moved = ([nowX, nowY]) => nowX !== x || nowY !== y;
  await view(theirs, (state) => moved(state.ships[seat]), "the ship to move");
  assert.deepEqual(gone, []);
});

test("what is sent through many cuts arrives once and in order", async (t) => {
  const line = cuttable();
  // Without jitter: the waits are not what is tested.
  const { ada, mine, theirs } = await pair(t, "relay", [{ WebSocket: line.WebSocket, random: () => 0 }]);
  const got = [];
  theirs.on("message", ({ payload }) => got.push(payload));
  const last = until(theirs, "message", ({ payload }) => payload === 59, "the last message");
  for (let i = 0; i < 60; i += 1) {
    mine.send(i);
    if (i % 15 !== 7) continue;
    const back = until(ada, "connection", ({ state }) => state === "open", "the connection");
    line.cut();
    mine.send((i += 1));
    await back;
  }
  await last;
  assert.deepEqual(
    got,
    Array.from({ length: 60 }, (_, i) => i),
  );
  assert.equal(ada.stats.resumes, 4);
});
