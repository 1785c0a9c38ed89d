// What the page believes the arena looks like at this very moment: prediction, interpolation, extrapolation.

import { InterpolationBuffer, Predictor, TickClock, lerp, lerpAngle } from "/client/gamev1.js";
import { HP_MAX, SCALE, SHOT_SPEED, hitsWall, moveShip } from "./rules.js";

const INTERPOLATION_TICKS = 2;
// A prediction that was off fades into the corrected one, so that nothing is seen to jump.
const CORRECTION_MS = 90;
const TELEPORT_UNITS = 120;
// A frame that is late must not make shots fly through what they are about to hit.
const EXTRAPOLATION_TICKS_MAX = 1.5;

export class World {
  #room;
  #clock;
  #buffer = new InterpolationBuffer();
  #predictor;
  #offset = { x: 0, y: 0 };
  #steppedAtMs = 0;
  #view = null;
  #tick = 0;
  #births = new Map();
  #positions = new Map();

  constructor(room) {
    this.#room = room;
    this.#clock = new TickClock(room.tickHz);
    this.#predictor = new Predictor({
      step: (ship, input) => moveShip(ship, input.move, this.#view.arena, room.tickHz),
    });
  }

  get ready() {
    return this.#view !== null;
  }

  /** In units. */
  get arena() {
    const { w, h, walls } = this.#view.arena;
    return { w: w / SCALE, h: h / SCALE, walls: walls.map((wall) => wall.map((length) => length / SCALE)) };
  }

  /** The view's own arena: another object when the walls have changed. */
  get terrain() {
    return this.#view?.arena;
  }

  get scores() {
    return this.#view?.scores ?? {};
  }

  /** Another seat, or a pause too long to make up for: what was predicted is worth nothing. */
  reset() {
    this.#predictor.reset();
    this.#offset = { x: 0, y: 0 };
  }

  /** A state has come. */
  receive({ view, tick, ack }, nowMs) {
    const shown = this.#ownPosition(nowMs);
    this.#view = view;
    this.#tick = tick;
    this.#clock.observe(tick, nowMs);
    this.#buffer.push(tick, view);
    this.#forgetShots();
    const own = view.ships[this.#room.seat];
    if (!own) return this.reset();
    this.#predictor.reconcile({ x: own[0], y: own[1] }, tick, ack);
    const corrected = this.#ownPosition(nowMs);
    if (shown === null) return;
    const offset = { x: this.#offset.x + shown.x - corrected.x, y: this.#offset.y + shown.y - corrected.y };
    this.#offset = Math.hypot(offset.x, offset.y) > TELEPORT_UNITS ? { x: 0, y: 0 } : offset;
  }

  /** One local tick with that input in force, last sent under that number. */
  step(input, seq, nowMs) {
    this.#steppedAtMs = nowMs;
    this.#predictor.advance(input, seq);
  }

  /** Everything that is to be drawn, in units. */
  scene(nowMs, elapsedMs) {
    const fade = Math.exp(-elapsedMs / CORRECTION_MS);
    this.#offset = { x: this.#offset.x * fade, y: this.#offset.y * fade };
    const ships = this.#ships(nowMs);
    for (const ship of ships) this.#positions.set(ship.seat, { x: ship.x, y: ship.y });
    return { ships, shots: this.#shots(nowMs), own: ships.find(({ own }) => own) ?? null };
  }

  /** Where that seat's ship was drawn last: where it was hit, or blew up. */
  positionOf(seat) {
    return this.#positions.get(seat) ?? null;
  }

  /** How long until the own ship is back; null while it lives. */
  respawnInMs(nowMs) {
    const tick = this.#view?.dead[this.#room.seat];
    if (tick === undefined) return null;
    return Math.max(0, ((tick - this.#clock.at(nowMs)) * 1000) / this.#room.tickHz);
  }

  /** Own ship: as the server last said, and as predicted. */
  own(nowMs) {
    const server = this.#ownPlace();
    if (server === null) return null;
    return { hp: this.#hp(this.#room.seat), server, predicted: this.#ownPosition(nowMs) };
  }

  #ownPosition(nowMs) {
    const { state, previous } = this.#predictor;
    // After a pause nothing is predicted until the next state.
    if (state === null) return this.#ownPlace();
    const t = Math.min(1, ((nowMs - this.#steppedAtMs) * this.#room.tickHz) / 1000);
    return { x: lerp(previous.x, state.x, t) / SCALE, y: lerp(previous.y, state.y, t) / SCALE };
  }

  #ownPlace() {
    const ship = this.#view?.ships[this.#room.seat];
    return ship ? { x: ship[0] / SCALE, y: ship[1] / SCALE } : null;
  }

  #ships(nowMs) {
    const ships = [];
    const sample = this.#buffer.sample(this.#clock.at(nowMs) - INTERPOLATION_TICKS);
    for (const [key, latest] of Object.entries(this.#view.ships)) {
      const seat = Number(key);
      const own = seat === this.#room.seat;
      const ship = own ? this.#ownShip(latest, nowMs) : between(sample, key, latest);
      ships.push({ seat, own, hp: this.#hp(seat), name: this.#name(seat), ...ship });
    }
    return ships;
  }

  #ownShip(latest, nowMs) {
    const position = this.#ownPosition(nowMs);
    return { x: position.x + this.#offset.x, y: position.y + this.#offset.y, aim: latest[2] / 100 };
  }

  // A view that tells nothing of a ship's hit points is no reason to draw it as a wreck.
  #hp(seat) {
    return this.#view.hp?.[seat] ?? HP_MAX;
  }

  #name(seat) {
    return this.#room.players.get(seat)?.username ?? `seat ${seat}`;
  }

  // A shot flies straight, so where it is now is known although its frame is of the past.
  #shots(nowMs) {
    const ticks = Math.min(EXTRAPOLATION_TICKS_MAX, Math.max(0, this.#clock.at(nowMs) - this.#tick));
    const ahead = (ticks * SHOT_SPEED) / this.#room.tickHz;
    return Object.entries(this.#view.shots).map(([id, [x, y, aim]]) => {
      const angle = aim / 100;
      const [nowX, nowY] = [x + Math.cos(angle) * ahead, y + Math.sin(angle) * ahead];
      const at = stopsShot(nowX, nowY, this.#view.arena)
        ? { x: x / SCALE, y: y / SCALE }
        : { x: nowX / SCALE, y: nowY / SCALE };
      if (!this.#births.has(id)) this.#births.set(id, { x: x / SCALE, y: y / SCALE });
      const birth = this.#births.get(id);
      return { id, ...at, angle, flown: Math.hypot(at.x - birth.x, at.y - birth.y) };
    });
  }

  #forgetShots() {
    for (const id of this.#births.keys()) if (!(id in this.#view.shots)) this.#births.delete(id);
  }
}

function stopsShot(x, y, arena) {
  return x < 0 || y < 0 || x > arena.w || y > arena.h || hitsWall(x, y, 0, arena);
}

function between(sample, key, latest) {
  // Not in the older view yet: it appears where it is first seen.
  const from = sample?.from.ships[key] ?? latest;
  const to = sample?.to.ships[key] ?? from;
  return {
    x: lerp(from[0], to[0], sample?.t ?? 0) / SCALE,
    y: lerp(from[1], to[1], sample?.t ?? 0) / SCALE,
    aim: lerpAngle(from[2] / 100, to[2] / 100, sample?.t ?? 0),
  };
}
