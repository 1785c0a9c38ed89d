// One WebSocket from its opening to its end. It carries JSON values and knows nothing of what they mean.

const WELCOME_TIMEOUT_MS = 10_000;
const CLOSE_DONE = 1000;
const CLOSE_DROPPED = 4000;

export class Socket {
  #env;
  #ws;
  #listener;
  #timer;
  #opened = false;

  /**
   * `listener.frame(value, chars)` for each frame; `listener.end({opened, code, reason})` exactly once,
   * unless `close` was called first.
   */
  constructor(env, url, protocols, listener) {
    this.#env = env;
    this.#listener = listener;
    const ws = new env.WebSocket(url, protocols);
    this.#ws = ws;
    ws.onopen = () => {
      this.#opened = true;
    };
    ws.onmessage = (event) => this.#receive(event.data);
    ws.onclose = (event) => this.#end(event.code, event.reason);
    // The close event that always follows says all that there is to know.
    ws.onerror = () => {};
    this.#timer = env.setTimeout(() => this.drop(), WELCOME_TIMEOUT_MS);
  }

  welcomed() {
    this.#env.clearTimeout(this.#timer);
  }

  send(text) {
    this.#ws.send(text);
  }

  /** Ends the session for good: the server need not keep it. */
  close() {
    this.#detach();
    this.#ws.close(CLOSE_DONE);
  }

  /** Gives up a socket that no longer works, without waiting for the other side to agree. */
  drop() {
    if (this.#listener === null) return;
    this.#end(1006, "");
    this.#ws.close(CLOSE_DROPPED);
  }

  #receive(data) {
    const frame = parse(data);
    // What cannot be read cannot be counted either, so only a resume can tell what it was.
    if (frame === null) this.drop();
    else this.#listener?.frame(frame, data.length);
  }

  #end(code, reason) {
    const listener = this.#listener;
    this.#detach();
    listener?.end({ opened: this.#opened, code, reason });
  }

  #detach() {
    this.#env.clearTimeout(this.#timer);
    this.#listener = null;
    this.#ws.onmessage = null;
    this.#ws.onclose = null;
  }
}

function parse(data) {
  try {
    const value = JSON.parse(data);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
