// Who the client is: the guest, its tokens, and what is done when they are refused.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TOKENS, fakeClient, fakeLocks, openClient, settle, socket } from "./fakes.js";

const paths = (calls) => calls.map(({ path }) => path);

test("a first visit signs in as a guest, takes a ticket, and offers it as a subprotocol", async () => {
  const { calls } = await openClient();
  assert.deepEqual(paths(calls), ["/v1/auth/guest", "/v1/ws-tickets"]);
  assert.deepEqual(calls[0].body, {});
  assert.equal(calls[1].authorization, "Bearer access-1");
  assert.equal(socket().url.href, "ws://game.test/ws");
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "ticket.abc"]);
});

test("formats that this library does not speak are not offered", async () => {
  const protocols = ["gamev1.v1.msgpack", "gamev1.v1.json", "ticket.abc"];
  await openClient({ "/v1/ws-tickets": { ticket: "abc", url: "wss://far.test/ws", protocols } });
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "ticket.abc"]);
  assert.equal(socket().url.href, "wss://far.test/ws");
});

test("the next visit of the same tab is the same player without signing in", async () => {
  const { storage } = await openClient();
  const { calls, client } = await openClient({}, { storage });
  assert.deepEqual(paths(calls), ["/v1/ws-tickets"]);
  assert.deepEqual(client.player, TOKENS.player);
});

test("a token that has run out is refreshed", async () => {
  const { storage, time } = await openClient();
  const { calls } = await openClient({}, { storage, now: () => time.nowMs + 590_000 });
  assert.deepEqual(paths(calls), ["/v1/auth/refresh", "/v1/ws-tickets"]);
  assert.deepEqual(calls[0].body, { refresh_token: "refresh-1" });
  assert.equal(calls[1].authorization, "Bearer access-2");
});

test("when the refresh is refused the same device signs in again", async () => {
  const { storage, time } = await openClient();
  const answers = { "/v1/auth/refresh": [401, { code: "refresh_reused" }] };
  const { calls } = await openClient(answers, { storage, now: () => time.nowMs + 590_000 });
  assert.deepEqual(paths(calls), ["/v1/auth/refresh", "/v1/auth/guest", "/v1/ws-tickets"]);
  assert.deepEqual(calls[1].body, { device_id: "device-1" });
});

test("a device id that the server does not repeat is kept all the same", async () => {
  const { storage, time } = await openClient();
  const { device_id, ...again } = TOKENS;
  const answers = { "/v1/auth/refresh": [401, { code: "token_revoked" }], "/v1/auth/guest": again };
  await openClient(answers, { storage, now: () => time.nowMs + 590_000 });
  assert.equal(JSON.parse(storage.getItem("gamev1.guest")).device_id, device_id);
});

test("a refresh that only could not be done now does not cost the sign-in", async () => {
  const { storage, time } = await openClient();
  const answers = { "/v1/auth/refresh": [503, { code: "unavailable" }, { "retry-after": "2" }] };
  const { client, calls, changes } = fakeClient(answers, { storage, now: () => time.nowMs + 590_000 });
  client.connect();
  await settle();
  assert.deepEqual(paths(calls), ["/v1/auth/refresh"]);
  // Retry-After, and half of the first half second on top.
  assert.equal(changes.at(-1).waitMs, 2_250);
  assert.equal(changes.at(-1).error.code, "unavailable");
});

test("an access token that is refused early is refreshed once", async () => {
  const ticket = ({ authorization }) =>
    authorization === "Bearer access-2" ? { ticket: "def" } : [401, { code: "token_revoked" }];
  const { calls } = await openClient({ "/v1/ws-tickets": ticket });
  assert.deepEqual(paths(calls), ["/v1/auth/guest", "/v1/ws-tickets", "/v1/auth/refresh", "/v1/ws-tickets"]);
  assert.deepEqual(socket().protocols, ["gamev1.v1.json", "ticket.def"]);
});

test("a refusal that lasts ends the attempts", async () => {
  const { client, changes } = fakeClient({ "/v1/auth/guest": [403, { code: "banned", detail: "until Monday" }] });
  await assert.rejects(client.connect(), { code: "banned", message: "until Monday", temporary: false });
  assert.deepEqual(changes.at(-1).state, "closed");
});

test("a server that cannot be reached is tried again, at ever longer waits", async () => {
  const { client, time, calls, changes } = fakeClient({ "/v1/auth/guest": new TypeError("fetch failed") });
  client.connect();
  await time.advance(0);
  assert.deepEqual([changes.at(-1).waitMs, changes.at(-1).error.code], [250, "network"]);
  await time.advance(250);
  assert.equal(changes.at(-1).waitMs, 500);
  assert.equal(calls.length, 2);
});

test("`retryNow` ends a wait", async () => {
  const { client, time, calls } = fakeClient({ "/v1/auth/guest": new TypeError("fetch failed") });
  client.connect();
  await time.advance(0);
  client.retryNow();
  await settle();
  assert.equal(calls.length, 2);
});

test("two calls that need a token at once refresh it once", async () => {
  const { storage, time } = await openClient();
  const answers = { "/v1/rooms": { items: [], next_cursor: null } };
  const { client, calls } = fakeClient(answers, { storage, now: () => time.nowMs + 590_000 });
  await Promise.all([client.listRooms(), client.listRooms()]);
  assert.deepEqual(paths(calls), ["/v1/auth/refresh", "/v1/rooms", "/v1/rooms"]);
});

test("an answer that never comes is given up after ten seconds", async () => {
  const fetch = (url, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { client, time, changes } = fakeClient({}, { fetch });
  client.connect();
  await time.advance(9_999);
  assert.equal(changes.at(-1).state, "connecting");
  await time.advance(1);
  assert.deepEqual([changes.at(-1).state, changes.at(-1).error.code], ["waiting", "network"]);
});

test("an open socket is shown the next token before the old one ends", async () => {
  const { time } = await openClient();
  socket().reply("ping", { received: 0 });
  socket().answersPings = true;
  await time.advance(479_000);
  assert.equal(socket().requests.length, 0);
  await time.advance(2_000);
  const renewal = socket().sent.find(({ type }) => type === "auth.refresh");
  assert.deepEqual(renewal.data, { access_token: "access-2" });
});

test("the list of rooms is asked for with the player's token", async () => {
  const rooms = { items: [{ room: "ROOM" }], next_cursor: null };
  const { client, calls } = await openClient({ "/v1/rooms": rooms });
  assert.deepEqual(await client.listRooms({ game: "arena", where: { map: "a" } }), rooms);
  assert.equal(calls.at(-1).authorization, "Bearer access-1");
});

test("of two tabs of one player one renews the tokens and the other finds them", async () => {
  const { storage, time } = await openClient();
  const shared = { storage, locks: fakeLocks(), now: () => time.nowMs + 590_000 };
  const [one, other] = [fakeClient({}, shared), fakeClient({}, shared)];
  const [first, second] = [one.client.connect(), other.client.connect()];
  await settle();
  await settle();
  const refreshes = [...one.calls, ...other.calls].filter(({ path }) => path === "/v1/auth/refresh");
  assert.equal(refreshes.length, 1);
  const tickets = [...one.calls, ...other.calls].filter(({ path }) => path === "/v1/ws-tickets");
  assert.deepEqual(tickets.map(({ authorization }) => authorization), ["Bearer access-2", "Bearer access-2"]);
  one.client.close();
  other.client.close();
  await Promise.allSettled([first, second]);
});

test("a tab that another one holds up renews the tokens itself after a while", async () => {
  const { storage, time: { nowMs } } = await openClient();
  const locks = { request: (_, { signal }) => new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("too late", "AbortError")));
  }) };
  const { client, calls, time } = fakeClient({}, { storage, locks, now: () => nowMs + 590_000 });
  const connected = client.connect();
  await time.advance(9_999);
  assert.deepEqual(paths(calls), []);
  await time.advance(1);
  assert.deepEqual(paths(calls), ["/v1/auth/refresh", "/v1/ws-tickets"]);
  client.close();
  await Promise.allSettled([connected]);
});

test("tokens of another player in the same storage are not taken over", async () => {
  const { storage, time } = await openClient();
  const { client, calls } = fakeClient({}, { storage, now: () => time.nowMs + 590_000 });
  const theirs = { ...TOKENS, access_token: "theirs", refresh_token: "theirs", player: { id: "p2" } };
  storage.setItem("gamev1.guest", JSON.stringify(theirs));
  const connected = client.connect();
  await settle();
  assert.deepEqual(calls[0].body, { refresh_token: "refresh-1" });
  client.close();
  await Promise.allSettled([connected]);
});

test("a refresh whose answer is lost is asked for again at once, with the same token", async () => {
  const { storage, time } = await openClient();
  let tries = 0;
  const refreshed = { ...TOKENS, access_token: "access-2", refresh_token: "refresh-2" };
  const answers = { "/v1/auth/refresh": () => (++tries === 1 ? new TypeError("cut off") : refreshed) };
  const { calls } = await openClient(answers, { storage, now: () => time.nowMs + 590_000 });
  assert.deepEqual(paths(calls), ["/v1/auth/refresh", "/v1/auth/refresh", "/v1/ws-tickets"]);
  assert.deepEqual(calls[1].body, { refresh_token: "refresh-1" });
  assert.equal(calls[2].authorization, "Bearer access-2");
});

const ACCOUNT = { ...TOKENS, access_token: "own-1", refresh_token: "own-2", device_id: undefined };
ACCOUNT.player = { id: "p1", username: "Ada", role: "player" };
const ACCOUNTS = { "/v1/auth/register": [201, ACCOUNT], "/v1/auth/login": ACCOUNT, "/v1/auth/logout": [204, null] };

test("a guest that registers goes on in the same session under its new name", async () => {
  const { client, calls, storage } = await openClient(ACCOUNTS);
  const form = { username: "Ada", email: "ada@example.org", password: "plinth ember quokka sundial" };
  assert.deepEqual(await client.register(form), ACCOUNT.player);
  const { path, body, authorization } = calls.at(-1);
  assert.deepEqual([path, authorization], ["/v1/auth/register", "Bearer access-1"]);
  assert.deepEqual(body, { ...form, device_id: "device-1" });
  assert.deepEqual([client.state, client.player.username], ["open", "Ada"]);
  const kept = JSON.parse(storage.getItem("gamev1.guest"));
  assert.deepEqual([kept.refresh_token, kept.device_id, kept.account], ["own-2", "device-1", true]);
});

test("without a guest a new account is made, without a bearer", async () => {
  const { client, calls } = fakeClient(ACCOUNTS);
  await client.register({ username: "Ada", email: "ada@example.org", password: "x" });
  assert.deepEqual(paths(calls), ["/v1/auth/register"]);
  assert.equal(calls[0].authorization, undefined);
});

test("a login ends the session of whoever was there, and the next is the account's", async () => {
  const { client, calls } = await openClient(ACCOUNTS);
  assert.deepEqual(await client.login({ login: "ada", password: "secret" }), ACCOUNT.player);
  const { path, body, authorization } = calls.at(-1);
  assert.deepEqual([path, authorization], ["/v1/auth/login", undefined]);
  assert.deepEqual(body, { login: "ada", password: "secret", device_id: "device-1" });
  assert.equal(client.state, "closed");
  client.connect();
  await settle();
  assert.equal(calls.at(-1).authorization, "Bearer own-1");
  assert.deepEqual(paths(calls).slice(-2), ["/v1/auth/login", "/v1/ws-tickets"]);
});

test("a password that is refused leaves everything as it was", async () => {
  const refused = { "/v1/auth/login": [401, { code: "invalid_credentials", detail: "no" }] };
  const { client, calls, storage } = await openClient(refused);
  const before = storage.getItem("gamev1.guest");
  await assert.rejects(client.login({ login: "ada", password: "x" }), { code: "invalid_credentials" });
  assert.equal(calls.length, 3, "it is not tried again");
  assert.deepEqual([client.state, storage.getItem("gamev1.guest")], ["open", before]);
});

test("an account whose sign-in has ended is not taken for a new guest", async () => {
  const { client, storage, time } = await openClient(ACCOUNTS);
  await client.login({ login: "ada", password: "secret" });
  const ended = { "/v1/auth/refresh": [401, { code: "token_revoked" }] };
  const late = fakeClient(ended, { storage, now: () => time.nowMs + 590_000 });
  await assert.rejects(late.client.connect(), { code: "token_revoked" });
  assert.deepEqual(paths(late.calls), ["/v1/auth/refresh"]);
});

test("a logout is told to the server and forgotten here, but for the device", async () => {
  const { client, calls, storage } = await openClient(ACCOUNTS);
  await client.login({ login: "ada", password: "secret" });
  await client.logout();
  assert.deepEqual([calls.at(-1).path, calls.at(-1).authorization], ["/v1/auth/logout", "Bearer own-1"]);
  assert.deepEqual(JSON.parse(storage.getItem("gamev1.guest")), { device_id: "device-1" });
  assert.equal(client.player, null);
  const offline = await openClient({ "/v1/auth/logout": new TypeError("offline") });
  await assert.rejects(offline.client.logout(), { code: "network" });
  assert.equal(offline.client.player, null);
});
