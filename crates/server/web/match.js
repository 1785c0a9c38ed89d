// One stay in one room: sends what the player does, takes what the room says, and keeps the world between them.

import { FIRE_COOLDOWN_TICKS } from "./rules.js";
import { seatColor } from "./palette.js";
import { World } from "./world.js";

const REPEAT_MS = 250;
const RATE_OVER_MS = 2_000;
const RATE_FROM_MS = 500;

export class Match {
  #client;
  #effects;
  #hud;
  #off;
  #steppedAtMs = performance.now();
  #sent = "";
  #sentAtMs = 0;
  #coolUntilStep = 0;
  #steps = 0;
  #ticks = [];
  #shots = new Map();
  // Told of before they are seen, for others are drawn a little in the past.
  #arriving = new Set();

  /** Who shot this player down last: `{seat, name}`, or null. */
  killer = null;
  onEnd = () => {};

  constructor(room, { client, effects, hud }) {
    this.room = room;
    this.world = new World(room);
    this.#client = client;
    this.#effects = effects;
    this.#hud = hud;
    this.#off = [
      room.on("state", (state) => this.#receive(state)),
      room.on("event", ({ event }) => this.#happened(event)),
      room.on("joined", ({ seat, username }) => hud.tell({ seat, name: username }, " joined")),
      room.on("reentered", ({ seat }) => this.#reentered(seat)),
      room.on("recovered", ({ ticks_lost: lost }) => hud.tell(`The room crashed and is back, ${lost} ticks behind.`)),
      room.on("closed", (closing) => this.#closed(closing)),
    ];
    // The first state may have come in the same breath as the reply to the join.
    if (room.state) this.#receive({ view: room.state, tick: room.tick, ack: room.ack });
  }

  /** Leaves the room for another one. */
  leave() {
    this.#stop();
    // A seat that cannot be given back now goes with the session.
    this.room.leave().catch(() => {});
  }

  /** Takes the steps of the player's own time that are due. */
  steer(controls, camera, nowMs) {
    const periodMs = 1000 / Math.min(this.room.tickHz, this.#client.limits.input_hz ?? Number.POSITIVE_INFINITY);
    while (nowMs - this.#steppedAtMs >= periodMs) {
      this.#steppedAtMs += periodMs;
      const own = this.world.own(nowMs);
      const input = controls.sample(own && camera.toScreen(own.predicted));
      this.#send(input, controls.active, nowMs);
      this.world.step(input, this.room.seq, this.#steppedAtMs);
      this.#muzzle(input, own);
    }
  }

  /** The page was not drawn for a while: time that nobody saw is not played through. */
  pause() {
    this.#steppedAtMs = performance.now();
    this.world.reset();
  }

  /** The page is hidden, and no frame will come that could tell the server so. */
  rest(controls) {
    this.#send(controls.sample(null), false, performance.now());
  }

  scene(nowMs, elapsedMs) {
    const scene = this.world.scene(nowMs, elapsedMs);
    for (const ship of scene.ships) {
      if (this.#arriving.delete(ship.seat)) this.#effects.arrival(ship, seatColor(ship.seat));
      if (this.#moving(ship)) this.#effects.exhaust(ship, ship.aim, seatColor(ship.seat));
    }
    this.#endedShots(scene.shots);
    return scene;
  }

  /** Rows of the score table, best first. */
  standings() {
    const rows = [...this.room.players.values()].map(({ seat, username }) => {
      const [kills, deaths] = this.world.scores[seat] ?? [0, 0];
      return { seat, name: username, own: seat === this.room.seat, kills, deaths };
    });
    return rows.sort((a, b) => b.kills - a.kills || a.deaths - b.deaths || a.seat - b.seat);
  }

  /** How many ticks the room made a second, over the last two. */
  ticksPerS() {
    const [first, last] = [this.#ticks[0], this.#ticks.at(-1)];
    if (first === undefined || last.atMs - first.atMs < RATE_FROM_MS) return null;
    return ((last.tick - first.tick) * 1000) / (last.atMs - first.atMs);
  }

  /** The own ship, for tests. */
  me(nowMs) {
    return { seat: this.room.seat, ...(this.world.own(nowMs) ?? { hp: 0, server: null, predicted: null }) };
  }

  #send(input, active, nowMs) {
    const text = JSON.stringify(input);
    if (text === this.#sent && !(active && nowMs - this.#sentAtMs >= REPEAT_MS)) return;
    if (this.room.input(input) === null) return;
    this.#sent = text;
    this.#sentAtMs = nowMs;
  }

  // The flash is shown at once; the shot itself comes from the server.
  #muzzle({ fire, aim }, own) {
    this.#steps += 1;
    if (!fire || own === null || this.#steps < this.#coolUntilStep) return;
    this.#coolUntilStep = this.#steps + FIRE_COOLDOWN_TICKS;
    this.#effects.muzzle(own.predicted, aim, seatColor(this.room.seat));
  }

  #receive(state) {
    const nowMs = performance.now();
    this.world.receive(state, nowMs);
    this.#ticks.push({ tick: state.tick, atMs: nowMs });
    while (this.#ticks.length > 2 && nowMs - this.#ticks[0].atMs > RATE_OVER_MS) this.#ticks.shift();
  }

  #happened({ kind, seat, by }) {
    const at = this.world.positionOf(seat);
    const own = seat === this.room.seat;
    const color = seatColor(seat);
    if (kind === "kill") {
      if (own) this.killer = this.#pilot(by);
      this.#hud.tell(this.#pilot(by), " shot down ", this.#pilot(seat));
    }
    if (kind === "respawn") this.#arriving.add(seat);
    // In a hidden tab nothing is drawn, so decorations would only pile up.
    if (at === null || document.hidden) return;
    if (kind === "hit") this.#effects.hit(at, color, own);
    else if (kind === "kill") this.#effects.explosion(at, color, own);
  }

  #pilot(seat) {
    return { seat, name: this.room.players.get(seat)?.username ?? `seat ${seat}` };
  }

  #moving({ seat, x, y }) {
    const trail = this.#effects.trails.get(seat);
    return trail !== undefined && trail.length > 3 && Math.hypot(x - trail[0].x, y - trail[0].y) > 12;
  }

  // A shot that is no longer told of has hit something, or burnt out.
  #endedShots(shots) {
    const flying = new Map(shots.map((shot) => [shot.id, shot]));
    for (const [shot, last] of this.#shots) {
      if (!flying.has(shot)) this.#effects.sparks(last, last.angle, "hsl(48 100% 70%)");
    }
    this.#shots = flying;
  }

  #reentered(seat) {
    this.world.reset();
    this.#sent = "";
    this.#hud.seat(seat);
  }

  #closed(closing) {
    this.#stop();
    this.onEnd(closing);
  }

  #stop() {
    for (const off of this.#off) off();
  }
}
