// When to ping and when to give a socket up, as a value: times come in, a decision goes out.

export class Heartbeat {
  #heartbeatMs;
  #pingEveryMs;
  #heardAtMs;
  #pingedAtMs;
  #outstanding = false;

  /** A ping goes out every `pingEveryMs`, for the round-trip time, and never less often than the protocol wants. */
  constructor({ heartbeatMs, pingEveryMs, nowMs }) {
    this.#heartbeatMs = heartbeatMs;
    this.#pingEveryMs = Math.min(pingEveryMs, heartbeatMs);
    this.#heardAtMs = nowMs;
    // The first ping leaves at once: a page wants to show a round-trip time early.
    this.#pingedAtMs = nowMs - this.#pingEveryMs;
  }

  get outstanding() {
    return this.#outstanding;
  }

  heard(nowMs) {
    this.#heardAtMs = nowMs;
  }

  pinged(nowMs) {
    this.#pingedAtMs = nowMs;
    this.#outstanding = true;
  }

  answered() {
    this.#outstanding = false;
  }

  /** "ping", "drop", or null for nothing yet. */
  due(nowMs) {
    if (nowMs >= this.#dropAtMs()) return "drop";
    return nowMs >= this.#pingAtMs() ? "ping" : null;
  }

  /** How long nothing will be due, if nothing happens. */
  waitMs(nowMs) {
    return Math.max(0, Math.min(this.#dropAtMs(), this.#pingAtMs()) - nowMs);
  }

  #pingAtMs() {
    if (!this.#outstanding) return this.#pingedAtMs + this.#pingEveryMs;
    // While all is silent the one ping decides; a reply that alone is missing is asked for again.
    return this.#silentSincePing() ? Number.POSITIVE_INFINITY : this.#pingedAtMs + this.#heartbeatMs;
  }

  // Silence alone proves nothing in a hidden tab, whose timers may have slept for a minute:
  // the server must have had its chance to answer a ping.
  #dropAtMs() {
    if (!this.#outstanding || !this.#silentSincePing()) return Number.POSITIVE_INFINITY;
    return Math.max(this.#heardAtMs + 2 * this.#heartbeatMs, this.#pingedAtMs + this.#heartbeatMs);
  }

  #silentSincePing() {
    return this.#heardAtMs <= this.#pingedAtMs;
  }
}
