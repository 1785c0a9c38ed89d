// Round-trip time and the difference between this clock and the server's, from answered pings.

const SAMPLES_MAX = 8;
// TCP's own smoothing factor (RFC 6298).
const SMOOTHING = 1 / 8;

export class ClockSync {
  #samples = [];
  rttMs = null;

  /** `sentMs` and `nowMs` by this clock, `serverMs` by the server's. */
  observe(sentMs, nowMs, serverMs) {
    const rttMs = Math.max(0, nowMs - sentMs);
    this.rttMs = this.rttMs === null ? rttMs : this.rttMs + (rttMs - this.rttMs) * SMOOTHING;
    if (!Number.isFinite(serverMs)) return;
    this.#samples.push({ rttMs, offsetMs: serverMs - (sentMs + rttMs / 2) });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** What to add to this clock to read the server's; null before the first ping. */
  get offsetMs() {
    // The quickest of the last pings was delayed least, so it errs least.
    let best = null;
    for (const sample of this.#samples) {
      if (best === null || sample.rttMs <= best.rttMs) best = sample;
    }
    return best === null ? null : best.offsetMs;
  }
}
