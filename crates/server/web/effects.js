// What only decorates: sparks, rings, trails, numbers that float, a screen that shakes. The server knows nothing of it.

const PARTICLES_MAX = 700;
const TRAIL_MS = 420;
const TRAIL_POINTS_MAX = 40;
const DRAG_PER_S = 3.2;

export class Effects {
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #shake = 0;
  particles = [];
  rings = [];
  texts = [];
  /** Seat to the last places of that ship, oldest first. */
  trails = new Map();

  hit({ x, y }, color, own) {
    this.#burst({ x, y, color, n: 14, speed: 190, lifeMs: 420 });
    this.rings.push({ x, y, color, ageMs: 0, lifeMs: 260, from: 10, to: 34 });
    this.texts.push({ x, y: y - 30, text: "−20", color, ageMs: 0, lifeMs: 800 });
    if (own) this.#quake(9);
  }

  explosion({ x, y }, color, own) {
    this.#burst({ x, y, color, n: 60, speed: 330, lifeMs: 950 });
    this.#burst({ x, y, color: "#ffffff", n: 24, speed: 200, lifeMs: 500 });
    this.rings.push({ x, y, color, ageMs: 0, lifeMs: 700, from: 12, to: 130 });
    this.rings.push({ x, y, color: "#ffffff", ageMs: 0, lifeMs: 360, from: 6, to: 62 });
    this.#quake(own ? 20 : 7);
  }

  arrival({ x, y }, color) {
    this.rings.push({ x, y, color, ageMs: 0, lifeMs: 520, from: 70, to: 18 });
    this.#burst({ x, y, color, n: 18, speed: 110, lifeMs: 500 });
  }

  muzzle({ x, y }, angle, color) {
    const at = { x: x + Math.cos(angle) * 22, y: y + Math.sin(angle) * 22 };
    this.rings.push({ ...at, color, ageMs: 0, lifeMs: 110, from: 3, to: 12 });
    this.#burst({ ...at, color, n: 4, speed: 240, lifeMs: 150, angle, spread: 0.5 });
  }

  sparks({ x, y }, angle, color) {
    this.#burst({ x, y, color, n: 6, speed: 150, lifeMs: 260, angle: angle + Math.PI, spread: 1.1 });
  }

  exhaust({ x, y }, angle, color) {
    const at = { x: x - Math.cos(angle) * 13, y: y - Math.sin(angle) * 13 };
    this.#burst({ ...at, color, n: 1, speed: 120, lifeMs: 320, angle: angle + Math.PI, spread: 0.5 });
  }

  /** The ships as they are drawn now. */
  follow(ships, nowMs) {
    const seats = new Set(ships.map(({ seat }) => seat));
    for (const { seat, x, y } of ships) {
      const trail = this.trails.get(seat) ?? [];
      const last = trail.at(-1);
      // A ship that jumps has respawned: a line across the arena would tell a lie.
      if (last && Math.hypot(x - last.x, y - last.y) > 90) trail.length = 0;
      trail.push({ x, y, atMs: nowMs });
      while (trail.length > TRAIL_POINTS_MAX || nowMs - trail[0].atMs > TRAIL_MS) trail.shift();
      this.trails.set(seat, trail);
    }
    for (const seat of this.trails.keys()) if (!seats.has(seat)) this.trails.delete(seat);
  }

  advance(elapsedMs) {
    const seconds = elapsedMs / 1000;
    const drag = Math.exp(-DRAG_PER_S * seconds);
    for (const particle of this.particles) {
      particle.x += particle.vx * seconds;
      particle.y += particle.vy * seconds;
      particle.vx *= drag;
      particle.vy *= drag;
    }
    for (const list of [this.particles, this.rings, this.texts]) {
      for (const item of list) item.ageMs += elapsedMs;
    }
    this.particles = this.particles.filter(alive);
    this.rings = this.rings.filter(alive);
    this.texts = this.texts.filter(alive);
    this.#shake *= Math.exp(-elapsedMs / 130);
  }

  /** By how much the picture is off at this frame, in CSS pixels. */
  shake() {
    if (this.#shake < 0.3 || this.#calm.matches) return { x: 0, y: 0 };
    return { x: spread(this.#shake), y: spread(this.#shake) };
  }

  #quake(strength) {
    this.#shake = Math.min(24, this.#shake + strength);
  }

  #burst({ x, y, color, n, speed, lifeMs, angle = 0, spread: width = Math.PI }) {
    for (let i = 0; i < n && this.particles.length < PARTICLES_MAX; i += 1) {
      const direction = angle + spread(width);
      const v = speed * (0.25 + Math.random() * 0.75);
      const life = lifeMs * (0.5 + Math.random() * 0.5);
      const [vx, vy] = [Math.cos(direction) * v, Math.sin(direction) * v];
      this.particles.push({ x, y, vx, vy, color, ageMs: 0, lifeMs: life, size: 1 + Math.random() * 1.6 });
    }
  }
}

function alive({ ageMs, lifeMs }) {
  return ageMs < lifeMs;
}

function spread(width) {
  return (Math.random() * 2 - 1) * width;
}
