// The counts that both sides keep so that a cut loses nothing and repeats nothing. It holds requests, never reads them.

const UNCONFIRMED_MAX = 256;
// From here on a ping asks the other side how far it has come, long before either has to forget.
const PING_AT = 128;

const UNCOUNTED_REQUESTS = new Set(["ping", "room.input", "rtc.relay"]);

/** Whether both sides count this request, and the client keeps it until it is confirmed. */
export function countsRequest(type) {
  return !UNCOUNTED_REQUESTS.has(type);
}

export class Ledger {
  #received = 0;
  #reported = 0;
  #confirmed = 0;
  /** Written to the socket in this session and not confirmed, oldest first; number `#confirmed + 1` leads. */
  #kept = [];
  /** Asked for while no socket was open: not written yet, so without a number. */
  #queued = [];

  get received() {
    return this.#received;
  }

  get unconfirmed() {
    return this.#kept.length + this.#queued.length;
  }

  get full() {
    return this.unconfirmed >= UNCONFIRMED_MAX;
  }

  get wantsPing() {
    return this.#received - this.#reported >= PING_AT || this.#kept.length >= PING_AT;
  }

  /**
   * Counts a frame from the server if it is one of those that count.
   * `isPong`: a reply to a ping. `keepsMessages(room)`: what the reply to the join said.
   */
  receive(frame, isPong, keepsMessages) {
    if (countsFrame(frame, isPong, keepsMessages)) this.#received += 1;
  }

  /** The count that a ping is about to report. */
  report() {
    this.#reported = this.#received;
    return this.#received;
  }

  wrote(request) {
    this.#kept.push(request);
  }

  queue(request) {
    this.#queued.push(request);
  }

  /** True when the request was still waiting to be written, and now no longer is. */
  unqueue(request) {
    const at = this.#queued.indexOf(request);
    if (at < 0) return false;
    this.#queued.splice(at, 1);
    return true;
  }

  takeQueued() {
    return this.#queued.splice(0);
  }

  /** The server has these; a count outside of what was sent is not believed, and answers false. */
  confirm(received) {
    const n = received - this.#confirmed;
    if (!Number.isInteger(n) || n < 0 || n > this.#kept.length) return false;
    this.#confirmed = received;
    this.#kept.splice(0, n);
    return true;
  }

  /** What has to be sent again after a resume that lost nothing, oldest first. */
  get unconfirmedRequests() {
    return [...this.#kept];
  }

  /**
   * The server no longer knows what came after `confirmed`. Counting goes on from the two numbers
   * that this handshake exchanged. Gives back what was under way.
   */
  forget(confirmed) {
    this.#confirmed = Number.isInteger(confirmed) ? confirmed : 0;
    return this.#kept.splice(0);
  }

  /** A new session: both counts begin anew. Gives back what was under way. */
  restart() {
    this.#received = 0;
    this.#reported = 0;
    return this.forget(0);
  }
}

function countsFrame(frame, isPong, keepsMessages) {
  if ("id" in frame) return !isPong;
  switch (frame.type) {
    case "session.welcome":
    case "room.snapshot":
    case "room.delta":
      return false;
    case "room.message":
      return keepsMessages(frame.data?.room);
    case "rtc.relay":
      return frame.data?.reliable === true;
    default:
      return true;
  }
}
