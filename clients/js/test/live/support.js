// Clients of a real server, each cleaned up by the test that made it, and waits that end.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { Client } from "../../gamev1.js";
import { memoryStorage } from "../fakes.js";

const BOUND_MS = 10_000;

/** Node 20 has no WebSocket; the package is installed with the browser tests. */
export const WebSocket =
  globalThis.WebSocket ?? createRequire(new URL("../../../../tests/browser/package.json", import.meta.url))("ws");

export function serverUrl() {
  assert.ok(process.env.GAMEV1_URL, "GAMEV1_URL has to name a running server");
  return process.env.GAMEV1_URL;
}

/** A connected client, a player of its own unless `storage` says otherwise. */
export async function connect(t, options = {}) {
  const storage = options.storage ?? memoryStorage();
  const client = new Client({ url: serverUrl(), WebSocket, ...options, storage });
  t.after(() => client.close());
  await within(client.connect(), "a connection");
  return Object.assign(client, { storage });
}

/** Two players in a new room of that game. */
export async function pair(t, game, [first = {}, second = {}] = []) {
  const [ada, bob] = [await connect(t, first), await connect(t, second)];
  const mine = await within(ada.create(game), "a room");
  const joined = within(mine.next("joined"), "the other to join");
  const theirs = await within(bob.join(mine.id), "a seat");
  await joined;
  return { ada, bob, mine, theirs };
}

/** The promise's outcome, or a failure that names what did not come. */
export function within(promise, what) {
  let timer;
  const bound = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${BOUND_MS} ms for ${what}`)), BOUND_MS);
  });
  return Promise.race([promise, bound]).finally(() => clearTimeout(timer));
}

/** Resolves with the first event of that name of which `wanted` is true. */
export function until(emitter, name, wanted, what) {
  let off = () => {};
  const found = new Promise((resolve) => {
    off = emitter.on(name, (event) => wanted(event) && resolve(event));
  });
  return within(found, what).finally(off);
}

/** The room's view as soon as it is as wanted, be it now. */
export async function view(room, wanted, what) {
  if (room.state !== null && wanted(room.state)) return room.state;
  return (await until(room, "state", (state) => wanted(state.view), what)).view;
}
