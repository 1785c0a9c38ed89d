// Keyboard, mouse and touch, sampled once a local tick into the arena's input.

const KEYS = new Map([
  ["KeyW", "up"],
  ["ArrowUp", "up"],
  ["KeyS", "down"],
  ["ArrowDown", "down"],
  ["KeyA", "left"],
  ["ArrowLeft", "left"],
  ["KeyD", "right"],
  ["ArrowRight", "right"],
  ["Space", "fire"],
]);
export const STICK_RADIUS = 56;
// A thumb at rest is never quite still.
const STICK_DEAD_ZONE = 0.16;
// The right stick aims from the first movement on, and fires once it is pushed out.
const STICK_FIRES_AT = 0.45;

export class Controls {
  #held = new Set();
  // Pressed since the last sample: a tap that is shorter than a tick counts too.
  #tapped = new Set();
  #mouseFire = false;
  #aim = 0;

  /** Screen position of the mouse, once it has moved. */
  pointer = null;
  /** Whether this screen has been touched, and so shows sticks. */
  touch = matchMedia("(pointer: coarse)").matches;
  /** `{pointer, x, y, dx, dy}` of the two thumbs, in CSS pixels; dx and dy within -1 and 1. */
  sticks = { left: null, right: null };
  /** Whether anything has been moved or fired yet. */
  used = false;

  constructor(canvas) {
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("blur", () => this.release());
    // Before the page sends what is held at that moment: nothing.
    document.addEventListener("visibilitychange", () => this.release(), { capture: true });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => this.#down(canvas, event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#up(event));
    }
  }

  /** Whether something is held down, so that the input has to be repeated. */
  get active() {
    const { left, right } = this.sticks;
    return this.#held.size > 0 || this.#mouseFire || left !== null || right !== null;
  }

  /** Lets go of everything: nobody steers a page that is not looked at. */
  release() {
    this.#held.clear();
    this.#tapped.clear();
    this.#mouseFire = false;
    this.sticks = { left: null, right: null };
  }

  /** What is done now, in the form of the arena's input; `own` is the own ship's place on the screen, or null. */
  sample(own) {
    const on = (action) => Number(this.#held.has(action) || this.#tapped.has(action));
    const { left, right } = this.sticks;
    const keys = [on("right") - on("left"), on("down") - on("up")];
    const move = left === null ? keys : stickMove(left);
    this.#turn(own, move);
    const stickFires = right !== null && Math.hypot(right.dx, right.dy) > STICK_FIRES_AT;
    const fire = this.#mouseFire || on("fire") === 1 || stickFires;
    this.#tapped.clear();
    if (fire || move[0] !== 0 || move[1] !== 0) this.used = true;
    return { move: withinCircle(move), aim: round(this.#aim), fire };
  }

  #turn(own, move) {
    const { right } = this.sticks;
    if (right !== null) {
      if (Math.hypot(right.dx, right.dy) > STICK_DEAD_ZONE) this.#aim = angle(right.dx, right.dy);
    } else if (this.pointer !== null && own !== null) {
      this.#aim = angle(this.pointer.x - own.x, this.pointer.y - own.y);
    } else if (move[0] !== 0 || move[1] !== 0) {
      // Neither mouse nor second thumb: the ship looks where it flies.
      this.#aim = angle(move[0], move[1]);
    }
  }

  #key(event, down) {
    const action = KEYS.get(event.code);
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    // Space and the arrows belong to a button or a link that has the focus.
    if (down && event.target.closest?.("button, a, input")) return;
    event.preventDefault();
    if (!down) return void this.#held.delete(action);
    this.#held.add(action);
    this.#tapped.add(action);
  }

  #down(canvas, event) {
    canvas.focus({ preventScroll: true });
    if (event.pointerType === "mouse") {
      if (event.button !== 0) return;
      this.#mouseFire = true;
      this.#tapped.add("fire");
      this.#aimAt(event);
    } else {
      this.touch = true;
      const side = event.clientX < innerWidth / 2 ? "left" : "right";
      if (this.sticks[side] !== null) return;
      this.sticks[side] = { pointer: event.pointerId, x: event.clientX, y: event.clientY, dx: 0, dy: 0 };
    }
    canvas.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (event.pointerType === "mouse") return this.#aimAt(event);
    const stick = this.#stickOf(event);
    if (stick === undefined) return;
    const [x, y] = [(event.clientX - stick.x) / STICK_RADIUS, (event.clientY - stick.y) / STICK_RADIUS];
    [stick.dx, stick.dy] = withinCircle([x, y]);
  }

  #up(event) {
    if (event.pointerType === "mouse") {
      if (event.button <= 0) this.#mouseFire = false;
      return;
    }
    for (const side of ["left", "right"]) {
      if (this.sticks[side]?.pointer === event.pointerId) this.sticks[side] = null;
    }
  }

  #stickOf(event) {
    return Object.values(this.sticks).find((stick) => stick?.pointer === event.pointerId);
  }

  #aimAt(event) {
    this.pointer = { x: event.clientX, y: event.clientY };
  }
}

function stickMove({ dx, dy }) {
  return Math.hypot(dx, dy) < STICK_DEAD_ZONE ? [0, 0] : [dx, dy];
}

function withinCircle([x, y]) {
  const length = Math.max(1, Math.hypot(x, y));
  return [round(x / length), round(y / length)];
}

function angle(x, y) {
  const turn = Math.atan2(y, x);
  return turn < 0 ? turn + 2 * Math.PI : turn;
}

// As fine as the view tells it back: finer steps would be inputs that change nothing.
function round(value) {
  return Math.round(value * 100) / 100;
}
