// Any number of cuts, anywhere: nothing is done twice and nothing is lost. Against a model of the server's half.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeClient, joinReply, settle } from "./fakes.js";

/** A line with frames under way in both directions, all of which are lost when it is cut. */
class Line {
  up = [];
  down = [];

  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
    Line.server.accept(this);
  }

  send(text) {
    this.up.push(JSON.parse(text));
  }

  close() {
    this.cut();
  }

  deliver() {
    const frame = this.down.shift();
    if (frame !== undefined) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  cut() {
    this.up = [];
    this.down = [];
    this.onclose?.({ code: 1006, reason: "" });
  }
}

/** The server's half of the protocol's Resume: counts, keeps, confirms. */
class Server {
  received = 0;
  sent = 0;
  kept = [];
  done = [];
  generation = 0;
  line = null;

  accept(line) {
    this.line = line;
    const [, credential] = line.protocols;
    const resumed = credential.startsWith("resume.");
    if (resumed) assert.equal(credential, `resume.token-${this.generation}`);
    this.generation += 1;
    const welcome = {
      protocol: 1,
      session: "s1",
      resumed,
      resume_token: `token-${this.generation}`,
      resume_window_ms: 30_000,
      heartbeat_ms: 20_000,
      ...(resumed && {
        received: this.received,
        complete: true,
        rooms: this.joined ? [joinReply()] : [],
        channels: [],
      }),
    };
    if (resumed) this.confirm(Number(line.url.searchParams.get("received")));
    line.down.push({ type: "session.welcome", data: welcome }, ...this.kept.map(({ frame }) => frame));
    queueMicrotask(() => {
      line.onopen?.();
      // A generation is used once: a cut before the welcome ends the session, which is not what is tested here.
      line.deliver();
    });
  }

  confirm(received) {
    assert.ok(received <= this.sent, `the client counts ${received} of ${this.sent}`);
    this.kept = this.kept.filter(({ number }) => number > received);
  }

  push(frame) {
    this.sent += 1;
    this.kept.push({ number: this.sent, frame });
    this.line.down.push(frame);
  }

  take() {
    const frame = this.line.up.shift();
    if (frame === undefined) return;
    if (frame.type === "ping") {
      this.confirm(frame.data.received);
      this.line.down.push({ id: frame.id, data: { received: this.received, server_ms: 0 } });
      return;
    }
    if (frame.type === "room.input") return;
    this.received += 1;
    if (frame.type === "room.match") {
      this.joined = true;
      this.push({ id: frame.id, data: joinReply() });
    } else {
      // The library's own requests, of tokens and snapshots, are counted like all others.
      if (["room.send", "test.echo"].includes(frame.type)) this.done.push(frame.data.payload ?? frame.data.n);
      if (frame.id !== undefined) this.push({ id: frame.id, data: { n: frame.data.n } });
    }
  }

  /** What is not counted comes in between, and may be lost. */
  state(tick) {
    this.line.down.push({
      type: "room.delta",
      data: { ack: 0, room: "ROOM", epoch: 1, tick, base: tick - 1, patch: {} },
    });
    this.line.down.push({ type: "room.message", data: { room: "ROOM", from: 1, payload: "unkept" } });
  }
}

// Small, seeded and good enough (mulberry32): a failure can be run again.
function generator(seed) {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** One turn of chance: somebody sends, something arrives, or the line is cut. */
async function turn(random, i, { server, time, client, room, asked }) {
  const chance = random(20);
  if (chance < 6) server.take();
  else if (chance < 13) server.line.deliver();
  else if (chance < 15) server.push({ type: "room.event", data: { room: "ROOM", tick: i, event: i } });
  else if (chance < 16) server.state(i);
  else if (chance < 17) asked.push(client.request("test.echo", { n: i }).then(({ n }) => assert.equal(n, i)));
  else if (chance < 19) room.send(i);
  else {
    server.line.cut();
    // Less than the wait, at times: then requests queue while there is no line.
    await time.advance(random(2) * 40_000);
  }
  room.input({ i });
}

for (let seed = 1; seed <= 40; seed += 1) {
  test(`exactly once through many cuts, seed ${seed}`, async () => {
    const random = generator(seed);
    const server = new Server();
    Line.server = server;
    const { client, time } = fakeClient(
      {},
      { WebSocket: Line, requestTimeoutMs: 1e9, random: () => random(100) / 100 },
    );
    const flow = async () => {
      await settle();
      for (let i = 0; i < 400; i += 1) [server.take(), server.line.deliver()];
      await settle();
    };
    client.connect();
    await settle();
    const joining = client.joinOrCreate("arena");
    await flow();
    const room = await joining;
    const events = [];
    room.on("event", ({ event }) => events.push(event));
    const asked = [];
    const sentUp = [];
    const send = room.send.bind(room);
    room.send = (i) => (sentUp.push(i), send(i));
    const request = client.request.bind(client);
    client.request = (type, data) => (sentUp.push(data.n), request(type, data));
    const pushed = [];
    const push = server.push.bind(server);
    server.push = (frame) => (frame.type === "room.event" && pushed.push(frame.data.event), push(frame));
    for (let i = 0; i < 600; i += 1) await turn(random, i, { server, time, client, room, asked });
    await time.advance(60_000);
    await flow();
    assert.equal(client.state, "open");
    assert.deepEqual(server.done, sentUp);
    assert.deepEqual(events, pushed);
    await Promise.all(asked);
    client.close();
  });
}
