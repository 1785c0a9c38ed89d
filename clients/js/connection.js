// The life of a client over many sockets: opening, resuming, waiting, giving up. It knows no room and no game.

import { Backoff } from "./backoff.js";
import { closePolicy } from "./close.js";
import { GameError } from "./errors.js";
import { KeepAlive } from "./keepalive.js";
import { Requests } from "./requests.js";
import { Socket } from "./socket.js";

const FORMAT = "gamev1.v1.json";

export class Connection {
  #env;
  #auth;
  #owner;
  #base;
  #backoff;
  #keepAlive;
  #socket = null;
  #url;
  #resumeToken = null;
  #askFirst = false;
  #goingAway = null;
  #faults = 0;
  #welcomedAtMs = null;
  // Changes whenever the caller connects or closes, so that what an earlier life awaited finds itself outdated.
  #life = null;
  #wake = null;

  state = "idle";
  counts = { framesIn: 0, framesOut: 0, charsIn: 0, charsOut: 0, connects: 0, resumes: 0 };
  requests;

  /**
   * `owner.welcomed(welcome, done)` puts the rooms in place and then calls `done`; `owner.pushed(type, data)`;
   * `owner.changed(change)` at each change of state; `owner.refused(error)`; `owner.keepsMessages(room)`.
   */
  constructor(env, auth, owner, { base, pingEveryMs, requestTimeoutMs }) {
    this.#env = env;
    this.#auth = auth;
    this.#owner = owner;
    this.#base = base;
    this.#url = webSocketUrl("/ws", base);
    this.#backoff = new Backoff({ random: env.random });
    const { keepsMessages, refused } = owner;
    this.requests = new Requests(env, { write: (text) => this.#write(text), keepsMessages, refused }, requestTimeoutMs);
    this.#keepAlive = new KeepAlive(env, auth, this.requests, pingEveryMs);
  }

  /** What the answered pings tell of the server's clock. */
  get clock() {
    return this.#keepAlive.clock;
  }

  open() {
    if (this.#life !== null) return;
    this.#life = {};
    this.#faults = 0;
    this.requests.begin();
    this.#run(this.#life).catch((error) => this.#finish(error));
  }

  close() {
    this.#socket?.close();
    this.#socket = null;
    this.#finish(null);
  }

  /** Ends a wait between two attempts early; for when the network is known to be back. */
  retryNow() {
    this.#wake?.();
  }

  async #run(life) {
    while (this.#life === life) {
      const end = await this.#attempt(life);
      if (this.#life !== life) return;
      const decision = this.#decide(end);
      if (decision.finish) return this.#finish(decision.error);
      this.#change({ state: "waiting", waitMs: decision.waitMs, error: decision.error });
      await this.#wait(decision.waitMs);
    }
  }

  // One credential after the other until a socket stood, or nothing more can be tried. Answers with how it ended.
  async #attempt(life) {
    this.#change({ state: "connecting" });
    let ticket = null;
    if (this.#resumeToken === null || this.#askFirst) {
      try {
        ticket = await this.#auth.ticket();
      } catch (error) {
        return { error };
      }
      if (this.#life !== life) return {};
      if (typeof ticket.url === "string") this.#url = webSocketUrl(ticket.url, this.#base);
    }
    if (this.#resumeToken !== null) {
      const url = new URL(this.#url);
      url.searchParams.set("received", this.requests.reportReceived());
      const end = await this.#hold(url, [FORMAT, `resume.${this.#resumeToken}`]);
      // A browser is told nothing about a refused upgrade. But the server has just granted a ticket
      // after the same checks, so what it refuses can only be the resume token.
      if (end.opened || ticket === null || this.#life !== life) return end;
      this.#resumeToken = null;
    }
    return this.#hold(this.#url, offered(ticket));
  }

  #hold(url, protocols) {
    return new Promise((resolve) => {
      this.#welcomedAtMs = null;
      const socket = new Socket(this.#env, url.href, protocols, {
        frame: (frame, chars) => this.#receive(frame, chars),
        end: (end) => {
          this.#socket = null;
          this.#lost();
          resolve(end);
        },
      });
      this.#socket = socket;
    });
  }

  #decide({ error, opened, code, reason }) {
    if (error) {
      if (!error.temporary) return { finish: true, error };
      return { error, waitMs: (error.retryAfterMs ?? 0) + this.#backoff.next() };
    }
    const policy = closePolicy(code, reason);
    const why = new GameError(policy.code, `the connection was closed (${code})`, {
      temporary: policy.action === "resume" || policy.action === "sign_in",
      retryAfterMs: policy.retryAfterMs || undefined,
      details: policy.untilMs === undefined ? { close: code } : { close: code, until_ms: policy.untilMs },
    });
    if (!opened) {
      this.#askFirst = true;
      return { error: why, waitMs: this.#backoff.next() };
    }
    if (policy.action === "stop" || policy.action === "give_up") return { finish: true, error: why };
    if (policy.action === "sign_in") {
      this.#auth.invalidate();
      this.#askFirst = true;
    }
    if (policy.atFault) {
      this.#owner.refused(why);
      this.#faults += 1;
      if (this.#faults > 1) return { finish: true, error: why };
    }
    return { error: why, waitMs: this.#returnAfterMs(policy) };
  }

  #returnAfterMs({ retryAfterMs }) {
    const away = this.#goingAway;
    this.#goingAway = null;
    if (away) return (away.after_ms ?? 0) + this.#env.random() * (away.jitter_ms ?? 0);
    return retryAfterMs + this.#backoff.next();
  }

  #receive(frame, chars) {
    this.counts.framesIn += 1;
    this.counts.charsIn += chars;
    if (this.#welcomedAtMs === null) {
      if (frame?.type === "session.welcome") this.#welcome(frame.data);
      else this.#socket.drop();
      return;
    }
    this.requests.receive(frame);
    if (typeof frame.type === "string") this.#push(frame.type, frame.data ?? {});
    this.#keepAlive.heard();
  }

  #push(type, data) {
    if (type === "session.going_away") {
      this.#goingAway = data;
      if (data.resume_token) this.#resumeToken = data.resume_token;
    }
    this.#owner.pushed(type, data);
  }

  #welcome(welcome) {
    this.#socket.welcomed();
    this.#welcomedAtMs = this.#env.now();
    this.#askFirst = false;
    this.#resumeToken = welcome.resume_window_ms > 0 ? welcome.resume_token || null : null;
    this.counts.connects += 1;
    if (welcome.resumed) this.counts.resumes += 1;
    this.requests.limitFrames(welcome.limits?.frame_bytes);
    // Before anything of the new socket is sent: the counts of both sides have to agree first.
    if (welcome.resumed) this.requests.resume(welcome.received, welcome.complete === true);
    else this.requests.restart();
    const socket = this.#socket;
    this.#owner.welcomed(welcome, () => {
      if (this.#socket !== socket) return;
      this.requests.openGate();
      this.#change({ state: "open", resumed: welcome.resumed === true });
    });
    this.#keepAlive.start(welcome.heartbeat_ms, () => socket.drop());
  }

  #lost() {
    this.requests.shut();
    this.#keepAlive.stop();
    if (this.#welcomedAtMs === null) return;
    if (this.#backoff.held(this.#env.now() - this.#welcomedAtMs)) this.#faults = 0;
  }

  #write(text) {
    if (this.#socket === null || this.#welcomedAtMs === null) return false;
    this.counts.framesOut += 1;
    this.counts.charsOut += text.length;
    this.#socket.send(text);
    return true;
  }

  #wait(ms) {
    return new Promise((resolve) => {
      const timer = this.#env.setTimeout(resolve, ms);
      this.#wake = () => {
        this.#env.clearTimeout(timer);
        resolve();
      };
    });
  }

  #finish(error) {
    if (this.#life === null) return;
    this.#life = null;
    this.#lost();
    this.#resumeToken = null;
    this.#wake?.();
    this.requests.close(error ?? new GameError("closed", "the client was closed"));
    this.#change({ state: "closed", error });
  }

  #change(change) {
    this.state = change.state;
    this.#owner.changed(change);
  }
}

// The ticket's reply may offer formats that this library does not speak.
function offered(ticket) {
  const credentials = (ticket.protocols ?? []).filter((protocol) => protocol.startsWith("ticket."));
  return [FORMAT, ...(credentials.length > 0 ? credentials : [`ticket.${ticket.ticket}`])];
}

function webSocketUrl(path, base) {
  const url = new URL(path, base);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  return url;
}
