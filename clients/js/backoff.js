// How long to wait before the next attempt: full jitter, doubling, forgotten after a connection that held.

export class Backoff {
  #attempts = 0;
  #options;

  constructor({ baseMs = 500, maxMs = 30_000, resetAfterMs = 10_000, random = Math.random } = {}) {
    this.#options = { baseMs, maxMs, resetAfterMs, random };
  }

  get attempts() {
    return this.#attempts;
  }

  /** The wait before the next attempt, in milliseconds: anything from nothing to the present ceiling. */
  next() {
    const { baseMs, maxMs, random } = this.#options;
    const ceiling = Math.min(maxMs, baseMs * 2 ** this.#attempts);
    // The exponent stops growing with the ceiling, so that days of attempts cannot overflow it.
    if (ceiling < maxMs) this.#attempts += 1;
    return random() * ceiling;
  }

  /** Tells how long a connection has held. True when that was long enough to begin anew. */
  held(ms) {
    if (ms < this.#options.resetAfterMs) return false;
    this.#attempts = 0;
    return true;
  }
}
