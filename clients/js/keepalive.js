// Keeps an open socket open: pings, the check for silence, and the renewal of the token that it lives on.

import { ClockSync } from "./clock.js";
import { Heartbeat } from "./heartbeat.js";

const DEFAULT_HEARTBEAT_MS = 20_000;
const RENEW_RETRY_MS = 10_000;
// Leaves a fifth of a token's life for attempts that fail.
const RENEW_AT = 0.8;

export class KeepAlive {
  #env;
  #auth;
  #requests;
  #pingEveryMs;
  #drop = null;
  #heartbeat = null;
  #beatTimer = null;
  #renewTimer = null;

  /** Outlives single sockets: the estimate only gets better. */
  clock = new ClockSync();

  constructor(env, auth, requests, pingEveryMs) {
    this.#env = env;
    this.#auth = auth;
    this.#requests = requests;
    this.#pingEveryMs = pingEveryMs;
  }

  /** A socket has opened; `drop` gives it up. */
  start(heartbeatMs, drop) {
    this.#drop = drop;
    this.#heartbeat = new Heartbeat({
      heartbeatMs: heartbeatMs > 0 ? heartbeatMs : DEFAULT_HEARTBEAT_MS,
      pingEveryMs: this.#pingEveryMs,
      nowMs: this.#env.now(),
    });
    this.#beat();
    this.#renewLater(this.#renewInMs());
  }

  stop() {
    this.#env.clearTimeout(this.#beatTimer);
    this.#env.clearTimeout(this.#renewTimer);
    this.#heartbeat = null;
  }

  /** Something came from the server, and has been counted. */
  heard() {
    if (this.#heartbeat === null) return;
    this.#heartbeat.heard(this.#env.now());
    // Either side forgets only what is confirmed, and a pong confirms both ways.
    if (this.#requests.wantsPing && !this.#heartbeat.outstanding) this.#ping();
  }

  // Acts on what is due, then sleeps until something will be.
  #beat() {
    const due = this.#heartbeat.due(this.#env.now());
    if (due === "drop") return this.#drop();
    if (due === "ping") this.#ping();
    this.#sleep();
  }

  #ping() {
    const heartbeat = this.#heartbeat;
    heartbeat.pinged(this.#env.now());
    this.#requests.ping((sentMs, pong) => {
      heartbeat.answered();
      this.clock.observe(sentMs, this.#env.now(), pong.server_ms);
      this.#sleep();
    });
  }

  #sleep() {
    this.#env.clearTimeout(this.#beatTimer);
    if (this.#heartbeat === null) return;
    this.#beatTimer = this.#env.setTimeout(() => this.#beat(), this.#heartbeat.waitMs(this.#env.now()));
  }

  #renewInMs() {
    return Math.max(RENEW_RETRY_MS, (this.#auth.expiresAtMs - this.#env.now()) * RENEW_AT);
  }

  #renewLater(waitMs) {
    this.#env.clearTimeout(this.#renewTimer);
    this.#renewTimer = this.#env.setTimeout(() => this.#renew(), waitMs);
  }

  // A socket lives no longer than the token that opened it, unless it is shown the next one in time.
  async #renew() {
    const heartbeat = this.#heartbeat;
    const current = () => heartbeat !== null && this.#heartbeat === heartbeat;
    try {
      await this.#auth.signIn();
      const access_token = await this.#auth.accessToken();
      if (current()) await this.#requests.request("auth.refresh", { access_token });
      if (current()) this.#renewLater(this.#renewInMs());
    } catch (error) {
      // What lasts ends in a close with 4001, and what to do then is that code's business.
      if (error.temporary && current()) this.#renewLater(RENEW_RETRY_MS);
    }
  }
}
