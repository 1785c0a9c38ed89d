// The life over many sockets: what happens at each kind of end.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeSocket, fakeClient, joinReply, joinedClient, openClient, settle, socket } from "./fakes.js";

const tickets = (calls) => calls.filter(({ path }) => path === "/v1/ws-tickets").length;

test("a cut is resumed in one round trip, without a ticket, with the count of frames", async () => {
  const { time, calls, changes } = await joinedClient();
  socket().push("room.joined", { room: "ROOM", seat: 1, player: "p2", username: "bob" });
  socket().end(1006);
  await settle();
  assert.deepEqual([changes.at(-1).state, changes.at(-1).waitMs], ["waiting", 250]);
  await time.advance(250);
  assert.equal(FakeSocket.opened.length, 2);
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "resume.token-1"]);
  // The reply to the match and the joined push; the reply to a ping would not count.
  assert.equal(socket().url.searchParams.get("received"), "2");
  assert.equal(tickets(calls), 1);
});

test("a refused upgrade asks for a ticket, tries the resume once more, then begins anew with the ticket", async () => {
  const { time, calls } = await openClient();
  socket().end(1006);
  await time.advance(250);
  socket().end(1006);
  await time.advance(500);
  assert.equal(tickets(calls), 2);
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "resume.token-1"]);
  socket().end(1006);
  await settle();
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "ticket.abc"]);
  assert.equal(tickets(calls), 2);
});

test("without a window, or a token, a cut is followed by a new session", async () => {
  for (const welcome of [{ resume_window_ms: 0 }, { resume_token: undefined }, { resume_token: "" }]) {
    const { time } = await openClient({}, {}, welcome);
    socket().end(1006);
    await time.advance(250);
    assert.deepEqual(socket().protocols, ["gamev1.v1.json", "ticket.abc"]);
  }
});

test("a new session joins the rooms again before anything else is sent", async () => {
  const { time, room } = await joinedClient({}, {}, { input_seq: 0 });
  const reentered = room.next("reentered");
  socket().end(1006);
  await time.advance(250);
  room.send("later");
  socket().end(1006);
  await time.advance(500);
  socket().end(1006);
  await settle();
  socket().welcome({ session: "s2" });
  assert.deepEqual(
    socket().requests.map(({ type, data }) => [type, data.room]),
    [["room.join", "ROOM"]],
  );
  socket().reply("room.join", joinReply({ seat: 4, epoch: 2 }));
  assert.deepEqual(await reentered, { resumed: false, messagesLost: true, seat: 4 });
  await settle();
  assert.equal(socket().requests.at(-1).data.payload, "later");
  assert.equal(room.seat, 4);
});

test("a room that is gone when the client is back is closed as lost", async () => {
  const { time, client, room } = await joinedClient({}, {}, {});
  const closed = room.next("closed");
  socket().end(4000);
  await time.advance(250);
  socket().welcome({ session: "s2" });
  socket().reply("room.join", null, { code: "room_not_found", message: "no such room", temporary: false });
  assert.deepEqual(await closed, { reason: "lost", message: "no such room", code: "room_not_found" });
  assert.equal(client.rooms.size, 0);
});

test("a room that has to recover first is asked for again", async () => {
  const { time, room } = await joinedClient();
  socket().end(4000);
  await time.advance(250);
  socket().welcome({ session: "s2" });
  const error = { code: "room_recovering", message: "", temporary: true, retry_after_ms: 100 };
  socket().reply("room.join", null, error);
  await time.advance(350);
  assert.equal(socket().requests.filter(({ type }) => type === "room.join").length, 2);
  socket().reply("room.join", joinReply());
  assert.equal(room.closed, false);
});

test("before going away the server says when to come back, and with which token", async () => {
  const { time, changes } = await openClient();
  socket().push("session.going_away", { reason: "deploy", resume_token: "next", after_ms: 2_000, jitter_ms: 1_000 });
  socket().end(1001, '{"code": "going_away"}');
  await settle();
  assert.equal(changes.at(-1).waitMs, 2_500);
  await time.advance(2_500);
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "resume.next"]);
});

test("what a server said before it went away holds for that one return only", async () => {
  const { time, changes } = await openClient();
  socket().push("session.going_away", { reason: "deploy", resume_token: "next", after_ms: 2_000, jitter_ms: 0 });
  socket().end(1001);
  await time.advance(2_000);
  socket().welcome({ resumed: true, received: 0, complete: true, rooms: [] });
  socket().end(1006);
  await settle();
  assert.equal(changes.at(-1).waitMs, 250);
});

test("a client that is closed while it asks for a ticket opens no socket", async () => {
  const { client } = fakeClient();
  const connecting = assert.rejects(client.connect(), { code: "closed" });
  client.close();
  await connecting;
  await settle();
  assert.equal(FakeSocket.opened.length, 0);
});

test("an overloaded server is left alone as long as it asks for", async () => {
  const { changes } = await openClient();
  socket().end(1013, '{"code": "overloaded", "retry_after_ms": 4000}');
  await settle();
  assert.equal(changes.at(-1).waitMs, 4_250);
});

test("a sign-in that has ended is renewed before the resume", async () => {
  const { time, calls } = await openClient();
  socket().end(4001);
  await time.advance(250);
  assert.deepEqual(
    calls.slice(-2).map(({ path }) => path),
    ["/v1/auth/refresh", "/v1/ws-tickets"],
  );
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "resume.token-1"]);
});

for (const [code, name] of [
  [1008, "policy"],
  [4003, "banned"],
  [4010, "client_too_old"],
  [4009, "resumed_elsewhere"],
]) {
  test(`close code ${code} ends it, and says ${name}`, async () => {
    const { time, changes } = await openClient();
    socket().end(code);
    await time.advance(60_000);
    assert.deepEqual([changes.at(-1).state, changes.at(-1).error.code], ["closed", name]);
    assert.equal(FakeSocket.opened.length, 1);
  });
}

test("a client at fault resumes once and reports it, but not twice", async () => {
  const { client, time, changes } = await openClient();
  const errors = [];
  client.on("error", (error) => errors.push(error.code));
  socket().end(4400, '{"code": "bad_request"}');
  await time.advance(250);
  assert.deepEqual(errors, ["bad_request"]);
  socket().welcome({ resumed: true, received: 0, complete: true, rooms: [] });
  socket().end(4400, '{"code": "bad_request"}');
  await settle();
  assert.equal(changes.at(-1).state, "closed");
});

test("forty seconds of silence drop the socket and resume", async () => {
  const { time } = await openClient();
  await time.advance(39_999);
  assert.equal(socket().closedWith, null);
  await time.advance(1);
  assert.equal(socket().closedWith, 4000);
  await time.advance(250);
  assert.equal(FakeSocket.opened.length, 2);
});

test("a socket that opens and says nothing is given up", async () => {
  const { client, time, changes } = fakeClient();
  client.connect();
  await settle();
  socket().onopen();
  await time.advance(10_000);
  assert.deepEqual([socket().closedWith, changes.at(-1).state], [4000, "waiting"]);
});

test("a frame that is no JSON object drops the socket", async () => {
  const { changes } = await openClient();
  socket().onmessage({ data: "[1" });
  await settle();
  assert.deepEqual([socket().closedWith, changes.at(-1).state], [4000, "waiting"]);
});

test("`close` says so to the server and ends what is under way", async () => {
  const { client, room, changes } = await joinedClient();
  const sync = assert.rejects(client.request("room.sync", { room: room.id }), { code: "closed" });
  client.close();
  await sync;
  assert.equal(socket().closedWith, 1000);
  assert.deepEqual(changes.at(-1), { state: "closed", error: null });
  assert.equal(room.closed, true);
  await assert.rejects(client.request("room.sync", {}), { code: "closed" });
});

test("a closed client can connect again, as the same player", async () => {
  const { client, calls } = await openClient();
  client.close();
  const again = client.connect();
  await settle();
  socket().welcome({ session: "s2" });
  await again;
  assert.equal(client.session, "s2");
  assert.equal(calls.filter(({ path }) => path === "/v1/auth/guest").length, 1);
});

test("a throwing listener costs neither the connection nor the other listeners", async (t) => {
  const { client } = await openClient();
  const thrown = new Promise((resolve) => {
    t.mock.method(globalThis, "queueMicrotask", (run) => {
      try {
        run();
      } catch (error) {
        resolve(error);
      }
    });
  });
  const heard = [];
  client.on("notice", () => {
    throw new Error("mine");
  });
  client.on("notice", (notice) => heard.push(notice.code));
  socket().push("notice", { code: "warned", message: "" });
  assert.equal((await thrown).message, "mine");
  assert.deepEqual(heard, ["warned"]);
});
