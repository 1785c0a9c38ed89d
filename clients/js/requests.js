// Requests and their replies, over as many sockets as one client lives through.

import { GameError, errorFromReply } from "./errors.js";
import { Ledger, countsRequest } from "./ledger.js";

const PENDING_MAX = 1024;
// A server that never answers pings is dropped for its silence long before this many are open.
const PINGS_MAX = 64;

/**
 * `write(text)` sends or answers false when no socket is open; `keepsMessages(room)` as in Ledger;
 * `refused(error)` hears of requests without an id, which have no promise to reject.
 */
export class Requests {
  #env;
  #port;
  #timeoutMs;
  #ledger = new Ledger();
  #pending = new Map();
  #pings = new Map();
  #nextId = 1;
  #frameBytesMax = Number.POSITIVE_INFINITY;
  // Shut until the rooms of a new session are joined again: what was asked for meanwhile comes after that.
  #open = false;
  #ended = null;

  constructor(env, port, timeoutMs) {
    this.#env = env;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  /** How many frames have been counted: what a resume tells the server. */
  reportReceived() {
    return this.#ledger.report();
  }

  get unconfirmed() {
    return this.#ledger.unconfirmed;
  }

  get wantsPing() {
    return this.#ledger.wantsPing;
  }

  limitFrames(bytes) {
    if (Number.isInteger(bytes)) this.#frameBytesMax = bytes;
  }

  /**
   * Resolves with the reply's data. `onReply` runs in the very turn in which the reply arrives, before
   * the next frame is looked at, and even when the caller has given up waiting (`late` is true then).
   * `ahead`: goes out although the gate is still shut. `again`: may be sent twice, for twice does no more than once.
   */
  request(type, data, options = {}) {
    const { timeoutMs = this.#timeoutMs, onReply, ahead = false, again = typeof data.client_id === "string" } = options;
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (this.#ledger.full || this.#pending.size >= PENDING_MAX) return Promise.reject(tooManyOpen(type));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const text = this.#encode({ id, type, data });
      const request = { id, type, text, again, onReply, resolve, reject, settled: false, timer: null };
      request.timer = this.#env.setTimeout(() => this.#timedOut(request), timeoutMs);
      this.#pending.set(request.id, request);
      this.#dispatch(request, ahead);
    });
  }

  /** A request without id: there is no reply, and a refusal comes as an `error` push. */
  post(type, data) {
    const text = this.#encode({ type, data });
    if (!countsRequest(type)) return this.#open && this.#port.write(text);
    if (this.#ended !== null) throw this.#ended;
    if (this.#ledger.full) throw tooManyOpen(type);
    this.#dispatch({ type, text, settled: false, again: false }, false);
    return true;
  }

  /** Pings; `answered(sentMs, data)` hears of the pong. False when no socket is open. */
  ping(answered) {
    const id = this.#nextId++;
    const text = this.#encode({ id, type: "ping", data: { received: this.#ledger.report() } });
    // Each stays known until its answer, which must not be counted even when it is late.
    if (this.#pings.size >= PINGS_MAX) this.#pings.delete(this.#pings.keys().next().value);
    this.#pings.set(id, { sentMs: this.#env.now(), answered });
    return this.#port.write(text);
  }

  /** Takes any frame of the server's: counts it, and settles the request that it answers. */
  receive(frame) {
    const ping = this.#pings.get(frame.id);
    this.#ledger.receive(frame, ping !== undefined, this.#port.keepsMessages);
    if (ping) {
      this.#pings.delete(frame.id);
      this.#ledger.confirm(frame.data?.received);
      ping.answered(ping.sentMs, frame.data ?? {});
      return;
    }
    const request = this.#pending.get(frame.id);
    if (!request) return;
    this.#pending.delete(frame.id);
    if (frame.error) return this.#reject(request, errorFromReply(frame.error));
    const data = frame.data ?? {};
    const made = request.onReply?.(data, request.settled);
    this.#settle(request, () => request.resolve(made ?? data));
  }

  /** The socket is gone: from now on requests queue. */
  shut() {
    this.#open = false;
    this.#pings.clear();
  }

  /** After the rooms are in place: what queued meanwhile leaves in the order in which it was asked for. */
  openGate() {
    this.#open = true;
    for (const request of this.#ledger.takeQueued()) this.#dispatch(request, false);
  }

  /** The session goes on. What the server has not counted is sent again. */
  resume(received, complete) {
    if (complete && this.#ledger.confirm(received)) {
      for (const request of this.#ledger.unconfirmedRequests) this.#port.write(request.text);
      return;
    }
    this.#interrupt(this.#ledger.forget(received));
  }

  /** A new session: what was under way may or may not have been done, and nobody can say. */
  restart() {
    this.#interrupt(this.#ledger.restart());
  }

  /** Requests are taken from now on, and wait for a socket. */
  begin() {
    this.#ended = null;
  }

  /** The end: nothing will be answered any more. */
  close(error) {
    this.shut();
    this.#ended = error;
    this.#ledger.restart();
    this.#ledger.takeQueued();
    for (const request of this.#pending.values()) this.#reject(request, error);
    this.#pending.clear();
  }

  #dispatch(request, ahead) {
    if ((this.#open || ahead) && this.#port.write(request.text)) this.#ledger.wrote(request);
    else this.#ledger.queue(request);
  }

  // A request that carries a `client_id` is done once however often it is sent, so it is; of the rest
  // the callers are told. Confirmed requests whose replies are lost with the old session end here too.
  #interrupt(underWay) {
    const queued = this.#ledger.takeQueued();
    const open = new Set([...underWay, ...this.#pending.values()]);
    for (const request of queued) open.delete(request);
    for (const request of open) {
      if (request.settled) this.#pending.delete(request.id);
      else if (request.again) this.#ledger.queue(request);
      else this.#interrupted(request);
    }
    for (const request of queued) this.#ledger.queue(request);
  }

  #interrupted(request) {
    const error = new GameError("interrupted", `${request.type} was cut off and may or may not have been done`);
    if (request.id === undefined) {
      this.#port.refused(Object.assign(error, { request: request.type }));
      return;
    }
    this.#pending.delete(request.id);
    this.#reject(request, error);
  }

  #timedOut(request) {
    // It stays pending, and counted, for the reply may still come; one that was never sent is simply dropped.
    if (this.#ledger.unqueue(request)) this.#pending.delete(request.id);
    this.#reject(request, new GameError("timeout", `${request.type} was not answered in time`, { temporary: true }));
  }

  #reject(request, error) {
    this.#settle(request, () => request.reject?.(error));
  }

  #settle(request, settle) {
    if (request.settled) return;
    request.settled = true;
    this.#env.clearTimeout(request.timer);
    settle();
  }

  #encode(envelope) {
    const text = JSON.stringify(envelope);
    // A UTF-16 unit is at most three bytes, so that most frames need not be measured.
    const tooLarge =
      text.length * 3 > this.#frameBytesMax && new TextEncoder().encode(text).length > this.#frameBytesMax;
    if (!tooLarge) return text;
    // Sent all the same it would cost the socket (1009).
    const details = { limit: this.#frameBytesMax };
    throw new GameError("too_large", `${envelope.type} is larger than a frame may be`, { details });
  }
}

function tooManyOpen(type) {
  return new GameError("overloaded", `too many requests are unconfirmed to send ${type}`, { temporary: true });
}
