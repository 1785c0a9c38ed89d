// Helpers that hide the network from the eye: prediction of one's own moves, interpolation of everyone else's.

/**
 * Runs the game's own rule ahead of the server, one local step a server tick, and corrects itself by every state
 * that comes: what the server has settled is dropped, the rest is replayed on top.
 *
 * An input stays in force until the next one, so steps and inputs are not the same. Which local step met which
 * server tick is learnt from the acknowledgements: the tick whose state first settles an input is the tick of the
 * step that sent it. While the line is steady the prediction is therefore exact, not merely close.
 */
export class Predictor {
  #rule;
  #stepsMax;
  #steps = [];
  #sent = [];
  #now = 0;
  #lead = null;
  #ack = 0;
  #state = null;
  #previous = null;

  /** `step(state, input)` answers with the state one tick later and changes neither. */
  constructor({ step, stepsMax = 64 }) {
    this.#rule = step;
    this.#stepsMax = stepsMax;
  }

  /** The state after every step so far; null until the first `reconcile`. */
  get state() {
    return this.#state;
  }

  /** The state one step earlier: what is to be drawn lies between the two. */
  get previous() {
    return this.#previous;
  }

  /** How many steps the prediction is ahead of the newest state. */
  get ahead() {
    return this.#steps.length;
  }

  /** One step with the input now in force; `seq` is the number under which that input was last sent. */
  advance(input, seq) {
    this.#now += 1;
    if (seq > (this.#sent.at(-1)?.seq ?? this.#ack)) bounded(this.#sent, { seq, step: this.#now }, this.#stepsMax);
    bounded(this.#steps, { input, seq, step: this.#now }, this.#stepsMax);
    if (this.#state !== null) this.#step(input);
  }

  /** The server's state of that tick, with inputs settled up to `ack`. */
  reconcile(state, tick, ack) {
    const settled = this.#sent.findLast((input) => input.seq <= ack);
    if (settled) {
      this.#lead = settled.step - tick;
      this.#sent = this.#sent.filter((input) => input.seq > ack);
      this.#ack = ack;
    }
    this.#lead ??= this.#now - tick;
    // Whatever the estimate says, a step whose input is not settled has not happened yet.
    this.#steps = this.#steps.filter(({ step, seq }) => step > tick + this.#lead || seq > ack);
    this.#state = state;
    // With nothing left to replay the server has caught up, and the last step is still the one being drawn.
    if (this.#steps.length > 0) this.#previous = state;
    this.#previous ??= state;
    for (const { input } of this.#steps) this.#step(input);
  }

  /** Forgets everything: after a respawn, another seat, another room. */
  reset() {
    this.#steps = [];
    this.#sent = [];
    this.#lead = null;
    this.#ack = 0;
    this.#state = null;
    this.#previous = null;
  }

  #step(input) {
    this.#previous = this.#state;
    this.#state = this.#rule(this.#state, input);
  }
}

/** Which tick the newest states are of at any moment, smoothly, although they arrive in jerks. */
export class TickClock {
  #periodMs;
  #zeroMs = null;

  constructor(tickHz) {
    this.#periodMs = 1000 / tickHz;
  }

  /** A state of `tick` has just arrived. */
  observe(tick, nowMs) {
    const zeroMs = nowMs - tick * this.#periodMs;
    const late = zeroMs - (this.#zeroMs ?? zeroMs);
    // Half a second off is no jitter: the room was recovered, or this tab slept.
    if (this.#zeroMs === null || Math.abs(late) > 500) this.#zeroMs = zeroMs;
    // A state that is early tells the true delay, one that is late only of an accident on the way.
    else this.#zeroMs += late * (late < 0 ? 0.25 : 0.02);
  }

  /** The tick at `nowMs`, with its fraction; null before the first state. */
  at(nowMs) {
    return this.#zeroMs === null ? null : (nowMs - this.#zeroMs) / this.#periodMs;
  }
}

/** The last views, to be read at a moment in the near past that lies between two of them. */
export class InterpolationBuffer {
  #frames = [];
  #framesMax;
  #stretchTicks;

  /**
   * No frame comes for a tick in which nothing changed, so a long gap means stillness and then a change:
   * at most the last `stretchTicks` of it are spread out.
   */
  constructor({ framesMax = 32, stretchTicks = 2 } = {}) {
    this.#framesMax = framesMax;
    this.#stretchTicks = stretchTicks;
  }

  push(tick, view) {
    // Time went back: the room was recovered, and what was buffered never happened.
    if (this.#frames.length > 0 && tick <= this.#frames.at(-1).tick) this.#frames = [];
    bounded(this.#frames, { tick, view }, this.#framesMax);
  }

  /** `{from, to, t}`: the views before and after that tick, and how far between them it lies. Null when empty. */
  sample(tick) {
    if (this.#frames.length === 0) return null;
    const after = this.#frames.findIndex((frame) => frame.tick > tick);
    if (after < 0) return still(this.#frames.at(-1).view);
    if (after === 0) return still(this.#frames[0].view);
    const [from, to] = [this.#frames[after - 1], this.#frames[after]];
    const start = Math.max(from.tick, to.tick - this.#stretchTicks);
    const t = Math.max(0, (tick - start) / (to.tick - start));
    return { from: from.view, to: to.view, t };
  }

  clear() {
    this.#frames = [];
  }
}

export function lerp(from, to, t) {
  return from + (to - from) * t;
}

/** Between two angles in radians, the short way round. */
export function lerpAngle(from, to, t) {
  const turn = 2 * Math.PI;
  const difference = ((((to - from) % turn) + 3 * Math.PI) % turn) - Math.PI;
  return from + difference * t;
}

function still(view) {
  return { from: view, to: view, t: 0 };
}

function bounded(list, item, max) {
  list.push(item);
  if (list.length > max) list.shift();
}
