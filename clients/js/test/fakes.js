// A clock that stands still, a server that says what a test tells it to, and a client that runs on both.

import { Client } from "../gamev1.js";

/** Time as the library sees it; it passes only in `advance`. */
export class FakeTime {
  #timers = new Map();
  #nextTimer = 1;
  nowMs = 1_000_000;

  now = () => this.nowMs;

  setTimeout = (run, ms) => {
    const timer = this.#nextTimer++;
    this.#timers.set(timer, { run, atMs: this.nowMs + ms });
    return timer;
  };

  clearTimeout = (timer) => {
    this.#timers.delete(timer);
  };

  /** Runs what falls due within `ms`, in order, and lets promises settle in between. */
  async advance(ms) {
    const endMs = this.nowMs + ms;
    await settle();
    for (let due = this.#earliest(); due !== null && due.atMs <= endMs; due = this.#earliest()) {
      this.#timers.delete(due.timer);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.run();
      await settle();
    }
    this.nowMs = endMs;
  }

  #earliest() {
    let earliest = null;
    for (const [timer, { run, atMs }] of this.#timers) {
      if (earliest === null || atMs < earliest.atMs) earliest = { timer, run, atMs };
    }
    return earliest;
  }
}

/** Lets everything that needs no time happen. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One socket as the server sees it. */
export class FakeSocket {
  sent = [];
  closedWith = null;
  answersPings = false;

  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
    FakeSocket.opened.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
    if (this.answersPings && this.sent.at(-1).type === "ping") setImmediate(() => this.reply("ping", { received: 0 }));
  }

  close(code) {
    this.closedWith = code;
  }

  welcome(data = {}) {
    this.onopen?.();
    this.push("session.welcome", {
      protocol: 1,
      session: "s1",
      resumed: false,
      resume_token: `token-${FakeSocket.opened.length}`,
      resume_window_ms: 30_000,
      heartbeat_ms: 20_000,
      server_ms: 0,
      limits: { frame_bytes: 16_384, input_hz: 30 },
      ...data,
    });
  }

  push(type, data) {
    this.onmessage?.({ data: JSON.stringify({ type, data }) });
  }

  /** Answers the last request of that type. */
  reply(type, data, error) {
    const { id } = this.sent.findLast((frame) => frame.type === type);
    this.onmessage?.({ data: JSON.stringify(error ? { id, error } : { id, data }) });
  }

  /** The other side closes, or the line is cut: nobody says anything then. */
  end(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }

  /** What was sent, pings left out. */
  get requests() {
    return this.sent.filter((frame) => frame.type !== "ping");
  }
}

/** A scripted HTTP side: `answers[path]` is a body, a status, `[status, body, headers]` or an error to throw. */
export function fakeFetch(answers) {
  const calls = [];
  const fetch = async (url, { method, headers, body }) => {
    const path = new URL(url).pathname;
    const call = { method, path, body: body && JSON.parse(body), authorization: headers.authorization };
    calls.push(call);
    let answer = answers[path];
    if (typeof answer === "function") answer = answer(call);
    if (answer instanceof Error) throw answer;
    const [status, value, extra = {}] = Array.isArray(answer) ? answer : [200, answer];
    return {
      ok: status < 400,
      status,
      headers: { get: (name) => extra[name] ?? null },
      json: async () => value,
    };
  };
  return { fetch, calls };
}

export function memoryStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), items };
}

/** Locks as browsers have them: one holder a name, the others wait in turn. */
export function fakeLocks() {
  const tails = new Map();
  const request = async (name, { signal }, work) => {
    const before = tails.get(name) ?? Promise.resolve();
    const aborted = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("too late", "AbortError")));
    });
    let done;
    tails.set(name, new Promise((resolve) => { done = resolve; }));
    try {
      await Promise.race([before, aborted]);
      return await work();
    } finally {
      before.then(done);
    }
  };
  return { request };
}

export const TOKENS = {
  access_token: "access-1",
  token_type: "Bearer",
  expires_in: 600,
  refresh_token: "refresh-1",
  device_id: "device-1",
  player: { id: "p1", username: "ada", role: "player" },
};

export const TICKET = {
  ticket: "abc",
  expires_in: 30,
  url: "/ws",
  protocols: ["gamev1.v1.json", "ticket.abc"],
};

/** A client on a fake clock and a fake server; random numbers are always one half. */
export function fakeClient(answers = {}, options = {}) {
  const time = new FakeTime();
  FakeSocket.opened = [];
  const http = fakeFetch({
    "/v1/auth/guest": TOKENS,
    "/v1/auth/refresh": { ...TOKENS, access_token: "access-2", refresh_token: "refresh-2" },
    "/v1/ws-tickets": TICKET,
    ...answers,
  });
  const storage = memoryStorage();
  const { now, setTimeout, clearTimeout } = time;
  const client = new Client({
    url: "http://game.test",
    WebSocket: FakeSocket,
    fetch: http.fetch,
    storage,
    locks: false,
    random: () => 0.5,
    now,
    setTimeout,
    clearTimeout,
    ...options,
  });
  const changes = [];
  client.on("connection", (change) => changes.push(change));
  return { client, time, calls: http.calls, storage, changes };
}

/** The newest socket. */
export function socket() {
  return FakeSocket.opened.at(-1);
}

/** A client whose first socket is open. */
export async function openClient(answers, options, welcome) {
  const all = fakeClient(answers, options);
  const connected = all.client.connect();
  await settle();
  socket().welcome(welcome);
  await connected;
  return all;
}

export function joinReply(more = {}) {
  return {
    room: "ROOM",
    n: 1,
    game: "arena",
    epoch: 1,
    tick_hz: 20,
    patch_hz: 20,
    seat: 0,
    players: [{ seat: 0, player: "p1", username: "ada" }],
    metadata: {},
    keep_messages: false,
    input_seq: 0,
    ...more,
  };
}

/** A client that sits in a room. */
export async function joinedClient(answers, options, reply) {
  const all = await openClient(answers, options);
  const joining = all.client.joinOrCreate("arena");
  socket().reply("room.match", joinReply(reply));
  return { ...all, room: await joining };
}
