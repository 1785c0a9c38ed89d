// The client: one player's session, the rooms that it is in, and what an application calls.

import { Auth } from "./auth.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import { GameError, errorFromReply } from "./errors.js";
import { Room } from "./room.js";

const PING_EVERY_MS = 5_000;
// As long as the server holds a session open: a request may have to wait for the resume.
const REQUEST_TIMEOUT_MS = 30_000;
const REJOIN_ATTEMPTS_MAX = 5;

export class Client extends Emitter {
  #env;
  #auth;
  #connection;
  #limits = {};
  #session = null;
  #player = null;

  /** Room id to Room: every room whose seat this client holds. */
  rooms = new Map();

  /** All that reaches outside can be replaced: see `ClientOptions` in gamev1.d.ts. */
  constructor(options = {}) {
    super();
    this.#env = environment(options);
    const base = options.url ?? globalThis.location?.origin;
    this.#auth = new Auth(this.#env, base, options.storageKey ?? "gamev1.guest");
    const owner = {
      welcomed: (welcome, done) => this.#welcomed(welcome, done),
      pushed: (type, data) => this.#pushed(type, data),
      changed: (change) => this.#changed(change),
      refused: (error) => this.emit("error", error),
      keepsMessages: (room) => this.rooms.get(room)?.keepsMessages === true,
    };
    this.#connection = new Connection(this.#env, this.#auth, owner, {
      base,
      pingEveryMs: options.pingEveryMs ?? PING_EVERY_MS,
      requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    });
  }

  /** "idle", "connecting", "open", "waiting" or "closed". */
  get state() {
    return this.#connection.state;
  }

  get player() {
    return this.#player ?? this.#auth.player;
  }

  get session() {
    return this.#session;
  }

  /** What the welcome said: `frame_bytes`, `input_hz`, `rooms`, `channels`. */
  get limits() {
    return this.#limits;
  }

  get stats() {
    const { clock, counts, requests } = this.#connection;
    return {
      ...counts,
      rttMs: clock.rttMs,
      clockOffsetMs: clock.offsetMs,
      unconfirmed: requests.unconfirmed,
    };
  }

  /** The server's clock, as far as pings tell. */
  serverNowMs() {
    return this.#env.now() + (this.#connection.clock.offsetMs ?? 0);
  }

  /** Resolves once the session is open; tries until then, unless the server forbids it or `close` is called. */
  connect() {
    if (this.state === "open") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const off = this.on("connection", ({ state, error }) => {
        if (state === "open") resolve();
        else if (state === "closed") reject(error ?? new GameError("closed", "the client was closed"));
        else return;
        off();
      });
      this.#connection.open();
    });
  }

  /** Makes the guest an account under the same id, or makes a new account. The session goes on. */
  async register({ username, email, password }) {
    const player = await this.#auth.register(username, email, password);
    // What the welcome said of the player is of before.
    this.#player = null;
    return player;
  }

  /** Signs in to an account by its name or e-mail address. A session that is open ends: `connect` opens the next. */
  async login({ login, password }) {
    const player = await this.#auth.login(login, password);
    this.close();
    this.#player = null;
    return player;
  }

  /** Signs out, and closes. `connect` then goes on as a guest. */
  async logout() {
    this.close();
    this.#player = null;
    await this.#auth.logout();
  }

  /** Leaves for good. `connect` may be called again. */
  close() {
    this.#connection.close();
  }

  /** Ends a wait between two attempts early; for when the network is known to be back. */
  retryNow() {
    this.#connection.retryNow();
  }

  /** An open room of that game with equal options and every member of `where` in its metadata, else a new one. */
  joinOrCreate(game, { options, where, clientId = this.#clientId() } = {}) {
    return this.#enter("room.match", { game, options, where, client_id: clientId });
  }

  create(game, { options, isPrivate, playersMax, metadata, clientId = this.#clientId() } = {}) {
    const data = { game, options, private: isPrivate, players_max: playersMax, metadata, client_id: clientId };
    return this.#enter("room.create", data);
  }

  join(room) {
    return this.#enter("room.join", { room });
  }

  /** A page of open rooms: `{items, next_cursor}`. */
  listRooms({ game, where, cursor, limit } = {}) {
    const query = new URLSearchParams();
    const asText = where && JSON.stringify(where);
    for (const [name, value] of Object.entries({ game, where: asText, cursor, limit })) {
      if (value !== undefined && value !== null) query.set(name, value);
    }
    return this.#auth.call("GET", `/v1/rooms?${query}`);
  }

  /** Any request of the protocol; resolves with the reply's data. */
  request(type, data = {}, { timeoutMs } = {}) {
    return this.#connection.requests.request(type, data, { timeoutMs });
  }

  #enter(type, data) {
    return this.#connection.requests.request(type, data, {
      // In the turn of the reply: the room's first frames follow right behind it.
      onReply: (reply, late) => {
        const room = this.rooms.get(reply.room) ?? this.#seat(reply);
        // Nobody waits for this seat any more, so it must not stay taken.
        if (late) room.leave().catch(() => {});
        return room;
      },
    });
  }

  #seat(reply) {
    const { requests } = this.#connection;
    const room = new Room(
      this.#env,
      {
        request: (type, data, options) => requests.request(type, data, options),
        post: (type, data) => requests.post(type, data),
        player: () => this.player,
      },
      reply,
    );
    this.rooms.set(room.id, room);
    room.on("closed", () => this.rooms.delete(room.id));
    return room;
  }

  #pushed(type, data) {
    if (type.startsWith("room.")) this.rooms.get(data.room)?.receive(type, data);
    else if (type === "error") this.emit("error", Object.assign(errorFromReply(data), { request: data.request }));
    else if (type === "session.going_away") this.emit("going_away", data);
    else if (type === "notice") this.emit("notice", data);
    this.emit("push", { type, data });
  }

  #changed(change) {
    if (change.state !== "open") for (const room of this.rooms.values()) room.pause();
    if (change.state === "closed") {
      for (const room of [...this.rooms.values()]) room.end({ reason: "disconnected" });
    }
    this.emit("connection", change);
  }

  #welcomed(welcome, done) {
    this.#session = welcome.session;
    this.#limits = welcome.limits ?? {};
    this.#player = welcome.player ?? null;
    const lost = new Set(this.rooms.values());
    for (const reply of welcome.resumed ? (welcome.rooms ?? []) : []) {
      const room = this.rooms.get(reply.room);
      lost.delete(room);
      room?.reenter(reply, { resumed: true, messagesLost: reply.messages_lost === true });
    }
    // When nothing was missed, a room that is not listed has ended, and the push that says so is on its way.
    if (lost.size === 0 || (welcome.resumed && welcome.complete)) return done();
    Promise.all([...lost].map((room) => (room.leaving ? room.end({ reason: "left" }) : this.#rejoin(room)))).then(done);
  }

  async #rejoin(room) {
    const backoff = new Backoff({ random: this.#env.random });
    const session = this.#session;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#connection.requests.request(
          "room.join",
          { room: room.id },
          { ahead: true, onReply: (reply) => room.reenter(reply, { resumed: false, messagesLost: true }) },
        );
        return;
      } catch (error) {
        // Cut off again: the next session begins with the same task.
        if (error.code === "interrupted" || this.#session !== session) return;
        if (!error.temporary || attempt === REJOIN_ATTEMPTS_MAX) {
          return room.end({ reason: "lost", message: error.message, code: error.code });
        }
        await this.#pause((error.retryAfterMs ?? 0) + backoff.next());
      }
    }
  }

  #pause(ms) {
    return new Promise((resolve) => this.#env.setTimeout(resolve, ms));
  }

  // Lets the server recognise a request that a cut made the client send twice.
  #clientId() {
    return Array.from({ length: 4 }, () => Math.floor(this.#env.random() * 2 ** 32).toString(36)).join("");
  }
}

function environment(options) {
  const host = globalThis;
  return {
    WebSocket: options.WebSocket ?? host.WebSocket,
    fetch: options.fetch ?? host.fetch.bind(host),
    storage: options.storage ?? tabStorage(),
    locks: options.locks ?? host.navigator?.locks,
    random: options.random ?? Math.random,
    now: options.now ?? Date.now,
    setTimeout: options.setTimeout ?? host.setTimeout.bind(host),
    clearTimeout: options.clearTimeout ?? host.clearTimeout.bind(host),
  };
}

// One guest a tab, so that two tabs are two players.
function tabStorage() {
  try {
    return globalThis.sessionStorage;
  } catch {
    // Forbidden by the visitor: the guest then lives as long as the page.
    return undefined;
  }
}
