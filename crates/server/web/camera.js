// Where the arena lies on the screen: its scale, and the part of it that is seen.

// Below this the ships are too small to aim at; then the camera follows instead of showing everything.
const SHORT_SIDE_UNITS = 640;
const FOLLOWING_SCALE_MAX = 0.62;
const FOLLOW_MS = 110;

export class Camera {
  #arena = { w: 1600, h: 900 };
  #field = { left: 0, top: 0, width: 1, height: 1 };
  #focus = null;

  scale = 1;
  /** Screen position of the arena's upper left corner. */
  left = 0;
  top = 0;

  /** `field` is the part of the screen that the arena may fill, in CSS pixels; `arena` is in units. */
  fit(field, arena) {
    this.#field = field;
    this.#arena = arena;
    const whole = Math.min(field.width / arena.w, field.height / arena.h);
    const readable = Math.min(FOLLOWING_SCALE_MAX, Math.min(field.width, field.height) / SHORT_SIDE_UNITS);
    this.scale = Math.max(whole, readable);
    this.#place();
  }

  /** Glides towards a point of the arena; jumps there the first time. */
  follow({ x, y }, elapsedMs) {
    const share = this.#focus === null ? 1 : 1 - Math.exp(-elapsedMs / FOLLOW_MS);
    const from = this.#focus ?? { x, y };
    this.#focus = { x: from.x + (x - from.x) * share, y: from.y + (y - from.y) * share };
    this.#place();
  }

  /** The part of the screen through which the arena is seen. */
  get field() {
    return this.#field;
  }

  toScreen({ x, y }) {
    return { x: this.left + x * this.scale, y: this.top + y * this.scale };
  }

  #place() {
    const { left, top, width, height } = this.#field;
    const focus = this.#focus ?? { x: this.#arena.w / 2, y: this.#arena.h / 2 };
    this.left = left + along(this.#arena.w * this.scale, width, focus.x * this.scale);
    this.top = top + along(this.#arena.h * this.scale, height, focus.y * this.scale);
  }
}

// Along one axis: centred when all of it fits, else following the focus as far as the arena reaches.
function along(size, room, focus) {
  if (size <= room) return (room - size) / 2;
  return Math.min(0, Math.max(room - size, room / 2 - focus));
}
