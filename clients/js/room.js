// A room that this client is in: its members, its state, its inputs.

import { Emitter } from "./emitter.js";
import { SharedView } from "./state.js";

// The server allows one `room.sync` a second; a little more spares the refusal.
const SYNC_EVERY_MS = 1_100;

export class Room extends Emitter {
  #env;
  #port;
  #shared = new SharedView();
  #seq = 0;
  #syncedAtMs = Number.NEGATIVE_INFINITY;
  #syncTimer = null;

  /** Seat to `{seat, player, username}`, this client's own included. */
  players = new Map();
  closed = false;
  leaving = false;

  /** `port.request`, `port.post` and `port.player()` of the client; `reply` is that to the join. */
  constructor(env, port, reply) {
    super();
    this.#env = env;
    this.#port = port;
    this.id = reply.room;
    this.#enter(reply);
  }

  /** The newest view, or null before the first snapshot. Never changed in place. */
  get state() {
    return this.#shared.view;
  }

  get tick() {
    return this.#shared.tick;
  }

  get epoch() {
    return this.#shared.epoch;
  }

  get ack() {
    return this.#shared.ack;
  }

  /** The number of the last input that was sent. */
  get seq() {
    return this.#seq;
  }

  /**
   * Sends what the player does. Answers with its number, or null when it could not be sent:
   * an input is of the moment, so none is kept for later.
   */
  input(input) {
    if (this.closed) return null;
    const seq = this.#seq + 1;
    if (!this.#port.post("room.input", { room: this.id, seq, input })) return null;
    this.#seq = seq;
    return seq;
  }

  /** Sends any JSON to the other members, or to those seats, where the game allows it. */
  send(payload, to) {
    this.#port.post("room.send", { room: this.id, payload, ...(to && { to }) });
  }

  /** Resolves when the server has let go of the seat; nothing of this room comes after that. */
  async leave() {
    this.leaving = true;
    try {
      const options = { again: true, onReply: () => this.end({ reason: "left" }) };
      await this.#port.request("room.leave", { room: this.id }, options);
    } catch (error) {
      this.leaving = false;
      if (error.temporary) throw error;
      // The server holds no such seat, which is what was asked for.
      this.end({ reason: "left" });
    }
  }

  /** Asks for a snapshot, at most once a second; the library does so by itself when a patch does not fit. */
  sync() {
    if (this.#syncTimer !== null || this.closed) return;
    const waitMs = Math.max(0, this.#syncedAtMs + SYNC_EVERY_MS - this.#env.now());
    this.#syncTimer = this.#env.setTimeout(() => this.#sync(), waitMs);
  }

  // From here on: for the client alone.

  /** The seat is held again after a cut. `resumed`: it never was given up; else the room was joined anew. */
  reenter(reply, { resumed, messagesLost }) {
    this.#enter(reply);
    this.emit("reentered", { resumed, messagesLost, seat: this.seat });
  }

  /** Nothing more will come of this room. */
  end(closing) {
    if (this.closed) return;
    this.closed = true;
    this.pause();
    this.emit("closed", closing);
  }

  /** The socket is gone, and with it what was asked of it. */
  pause() {
    this.#env.clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    this.#syncedAtMs = Number.NEGATIVE_INFINITY;
  }

  receive(type, data) {
    switch (type) {
      case "room.snapshot":
        return this.#snapshot(data);
      case "room.delta":
        return this.#delta(data);
      case "room.joined":
        this.players.set(data.seat, member(data));
        return this.emit("joined", data);
      case "room.left":
        this.players.delete(data.seat);
        return this.emit("left", data);
      case "room.recovered":
        this.#shared.expect(data.epoch);
        return this.emit("recovered", data);
      case "room.closed":
        return this.end(data);
      default:
        // room.event, room.message, room.ended, room.input_rejected, and whatever a later server adds.
        return this.emit(type.slice("room.".length), data);
    }
  }

  #enter(reply) {
    this.n = reply.n;
    this.game = reply.game;
    this.seat = reply.seat;
    this.tickHz = reply.tick_hz;
    this.patchHz = reply.patch_hz;
    this.metadata = reply.metadata ?? {};
    this.keepsMessages = reply.keep_messages === true;
    this.players = new Map((reply.players ?? []).map((player) => [player.seat, member(player)]));
    if (!this.players.has(this.seat)) {
      const me = this.#port.player() ?? {};
      this.players.set(this.seat, { seat: this.seat, player: me.id, username: me.username });
    }
    // The server's number rules: inputs that were lost on the way are numbers that it never saw.
    this.#seq = reply.input_seq ?? 0;
    this.#shared.settle(this.#seq);
    this.#shared.expect(reply.epoch ?? 0);
  }

  #snapshot(data) {
    if (!this.#shared.snapshot(data)) return;
    this.#env.clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    this.#changed(true);
  }

  #delta(data) {
    const outcome = this.#shared.delta(data);
    if (outcome === "gap") this.sync();
    else if (outcome === "applied") this.#changed(false);
  }

  #changed(snapshot) {
    const { view, tick, epoch, ack } = this.#shared;
    this.emit("state", { view, tick, epoch, ack, snapshot });
  }

  #sync() {
    this.#syncTimer = null;
    this.#syncedAtMs = this.#env.now();
    this.#port.request("room.sync", { room: this.id }).catch((error) => {
      // Without it a room in which nothing happens would stay stale for good.
      if (error.temporary) this.sync();
    });
  }
}

function member({ seat, player, username }) {
  return { seat, player, username };
}
