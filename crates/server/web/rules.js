// The arena's rules as far as the page needs them: how a ship moves, which prediction replays, and how fast things are.
// Lengths are those of the view: quarters of a unit.

export const SCALE = 4;
export const SHIP_RADIUS = 16 * SCALE;
export const SHOT_SPEED = 620 * SCALE;
export const FIRE_COOLDOWN_TICKS = 5;
export const HP_MAX = 100;
export const DAMAGE = 20;

const SHIP_SPEED = 260 * SCALE;

/** A ship one tick later. Each axis for itself, so that a ship slides along a wall instead of sticking to it. */
export function moveShip({ x, y }, [moveX, moveY], arena, tickHz) {
  const step = SHIP_SPEED / tickHz / Math.max(1, Math.sqrt(moveX * moveX + moveY * moveY));
  const nextX = clamp(x + round(moveX * step), SHIP_RADIUS, arena.w - SHIP_RADIUS);
  const movedX = hitsWall(nextX, y, SHIP_RADIUS, arena) ? x : nextX;
  const nextY = clamp(y + round(moveY * step), SHIP_RADIUS, arena.h - SHIP_RADIUS);
  const movedY = hitsWall(movedX, nextY, SHIP_RADIUS, arena) ? y : nextY;
  return { x: movedX, y: movedY };
}

/** Whether a box of that half width around the point overlaps a wall. */
export function hitsWall(x, y, radius, { walls }) {
  return walls.some(
    ([left, top, width, height]) =>
      x > left - radius && x < left + width + radius && y > top - radius && y < top + height + radius,
  );
}

// Halves away from zero, as the server rounds: otherwise a prediction to the left would drift from the truth.
function round(value) {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function clamp(value, min, max) {
  return Math.min(max, Math.max(min, value));
}
