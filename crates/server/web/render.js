// Draws one frame of the arena. It reads the scene and the effects and changes neither.

import { Backdrop } from "./backdrop.js";
import { crosshair, sticks, strays } from "./overlay.js";
import { FONT, glowSprite, seatColor } from "./palette.js";
import { DAMAGE, HP_MAX } from "./rules.js";

const PIXEL_RATIO_MAX = 2;
const SHIP = new Path2D("M 19 0 L -12 12.5 L -6.5 0 L -12 -12.5 Z");
const COCKPIT = new Path2D("M 10 0 L -3 4.2 L -1 0 L -3 -4.2 Z");
const HP_ARC_RADIUS = 25;
const SHOT_TAIL_UNITS = 30;
const TRAIL_WIDTH = 7.5;

export class Renderer {
  #canvas;
  #ctx;
  #backdrop = new Backdrop();
  #ratio = 1;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#ctx = canvas.getContext("2d");
  }

  /** Fits the canvas to the window. */
  resize(width, height) {
    this.#ratio = Math.min(PIXEL_RATIO_MAX, devicePixelRatio || 1);
    this.#canvas.width = Math.round(width * this.#ratio);
    this.#canvas.height = Math.round(height * this.#ratio);
  }

  draw({ scene, world, camera, effects, controls, nowMs }) {
    const ctx = this.#ctx;
    const shake = effects.shake();
    const scale = camera.scale * this.#ratio;
    const [left, top] = [(camera.left + shake.x) * this.#ratio, (camera.top + shake.y) * this.#ratio];
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    ctx.setTransform(1, 0, 0, 1, Math.round(left), Math.round(top));
    this.#backdrop.draw(ctx, world.terrain, world.arena, scale);
    ctx.setTransform(scale, 0, 0, scale, left, top);
    ctx.globalCompositeOperation = "lighter";
    trails(ctx, effects.trails);
    shots(ctx, scene.shots);
    rings(ctx, effects.rings);
    particles(ctx, effects.particles);
    ctx.globalCompositeOperation = "source-over";
    for (const ship of scene.ships) drawShip(ctx, ship, nowMs);
    for (const ship of scene.ships) label(ctx, ship, world.arena, camera.scale);
    floating(ctx, effects.texts, camera.scale);
    ctx.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    strays(ctx, scene.ships, camera);
    if (controls.touch) sticks(ctx, controls.sticks);
    else if (controls.pointer) crosshair(ctx, controls.pointer, scene.own);
  }
}

// One tapering ribbon a ship. Strokes of changing width would overlap and show as beads.
function trails(ctx, all) {
  for (const [seat, points] of all) {
    if (points.length < 3) continue;
    const [tail, head] = [points[0], points.at(-1)];
    if (Math.hypot(head.x - tail.x, head.y - tail.y) < 4) continue;
    const fade = ctx.createLinearGradient(tail.x, tail.y, head.x, head.y);
    fade.addColorStop(0, "transparent");
    fade.addColorStop(1, seatColor(seat));
    ctx.globalAlpha = 0.38;
    ctx.fillStyle = fade;
    ctx.fill(ribbon(points));
  }
  ctx.globalAlpha = 1;
}

function ribbon(points) {
  const sides = [[], []];
  let normal = { x: 0, y: 0 };
  points.forEach((point, i) => {
    const [before, after] = [points[Math.max(0, i - 1)], points[Math.min(points.length - 1, i + 1)]];
    const length = Math.hypot(after.x - before.x, after.y - before.y);
    // Where the ship stood still there is no direction; the last one will do.
    if (length > 0.1) normal = { x: (before.y - after.y) / length, y: (after.x - before.x) / length };
    const width = (TRAIL_WIDTH * i) / points.length;
    sides[0].push([point.x + normal.x * width, point.y + normal.y * width]);
    sides[1].unshift([point.x - normal.x * width, point.y - normal.y * width]);
  });
  const path = new Path2D();
  for (const [x, y] of [...sides[0], ...sides[1]]) path.lineTo(x, y);
  path.closePath();
  return path;
}

function shots(ctx, all) {
  const sprite = glowSprite("hsl(48 100% 70%)");
  ctx.lineCap = "round";
  for (const { x, y, angle, flown } of all) {
    const tail = Math.min(SHOT_TAIL_UNITS, flown + 4);
    const [endX, endY] = [x - Math.cos(angle) * tail, y - Math.sin(angle) * tail];
    const fade = ctx.createLinearGradient(endX, endY, x, y);
    fade.addColorStop(0, "rgba(255, 170, 60, 0)");
    fade.addColorStop(1, "rgba(255, 240, 190, 1)");
    ctx.strokeStyle = fade;
    ctx.lineWidth = 3.4;
    ctx.beginPath();
    ctx.moveTo(endX, endY);
    ctx.lineTo(x, y);
    ctx.stroke();
    ctx.drawImage(sprite, x - 15, y - 15, 30, 30);
  }
}

function rings(ctx, all) {
  for (const { x, y, color, ageMs, lifeMs, from, to } of all) {
    const t = ageMs / lifeMs;
    // Fast at first, then settling: what an impact looks like.
    const radius = from + (to - from) * (1 - (1 - t) ** 3);
    ctx.globalAlpha = (1 - t) * 0.9;
    ctx.strokeStyle = color;
    ctx.lineWidth = 1 + (1 - t) * 4;
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function particles(ctx, all) {
  for (const { x, y, vx, vy, color, ageMs, lifeMs, size } of all) {
    ctx.globalAlpha = 1 - ageMs / lifeMs;
    ctx.strokeStyle = color;
    ctx.lineWidth = size;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x - vx * 0.035, y - vy * 0.035);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function drawShip(ctx, { x, y, aim, hp, seat, own }, nowMs) {
  const color = seatColor(seat);
  ctx.save();
  ctx.translate(x, y);
  ctx.globalCompositeOperation = "lighter";
  ctx.globalAlpha = own ? 0.6 : 0.42;
  ctx.drawImage(glowSprite(color), -46, -46, 92, 92);
  ctx.globalCompositeOperation = "source-over";
  ctx.globalAlpha = 1;
  if (own) ownMark(ctx, nowMs);
  hitPoints(ctx, hp);
  ctx.rotate(aim);
  ctx.fillStyle = "#0b1226";
  ctx.fill(SHIP);
  ctx.globalAlpha = 0.5;
  ctx.fillStyle = color;
  ctx.fill(SHIP);
  ctx.globalAlpha = 1;
  ctx.lineJoin = "round";
  ctx.lineWidth = 2;
  ctx.strokeStyle = color;
  ctx.stroke(SHIP);
  ctx.fillStyle = "#fff";
  ctx.fill(COCKPIT);
  ctx.restore();
}

// A slowly turning dashed ring: one finds oneself at a glance, in any colour.
function ownMark(ctx, nowMs) {
  ctx.save();
  ctx.rotate(nowMs / 2400);
  ctx.setLineDash([6, 9]);
  ctx.lineWidth = 1.2;
  ctx.strokeStyle = "rgba(255, 255, 255, 0.5)";
  ctx.beginPath();
  ctx.arc(0, 0, HP_ARC_RADIUS + 7, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.restore();
}

// One piece of the arc for each hit that the ship can still take.
function hitPoints(ctx, hp) {
  const pieces = HP_MAX / DAMAGE;
  const left = Math.ceil(hp / DAMAGE);
  const [start, sweep, gap] = [Math.PI * 0.2, (Math.PI * 0.6) / pieces, 0.07];
  ctx.lineWidth = 3;
  ctx.lineCap = "butt";
  for (let i = 0; i < pieces; i += 1) {
    ctx.strokeStyle = i < left ? hpColor(left / pieces) : "rgba(150, 175, 230, 0.16)";
    ctx.beginPath();
    const from = Math.PI - start - (i + 1) * sweep;
    ctx.arc(0, 0, HP_ARC_RADIUS, from + gap / 2, from + sweep - gap / 2);
    ctx.stroke();
  }
}

function hpColor(share) {
  if (share > 0.6) return "#5ef2a0";
  return share > 0.3 ? "#ffc857" : "#ff5c7a";
}

// Names keep their size on the screen whatever the scale, or nobody could read them on a phone.
function label(ctx, { x, y, name, own }, arena, scale) {
  const px = (size) => size / scale;
  // Below the ship, where its hit points are, unless that is off the arena.
  const at = y + 34 + px(14) < arena.h ? y + 34 : y - 34 - px(14);
  ctx.font = `${own ? 700 : 600} ${px(12)}px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  ctx.lineJoin = "round";
  ctx.lineWidth = px(3);
  ctx.strokeStyle = "rgba(6, 10, 20, 0.75)";
  ctx.fillStyle = own ? "#fff" : "rgba(214, 226, 255, 0.86)";
  const text = own ? `${name} (you)` : name;
  ctx.strokeText(text, x, at);
  ctx.fillText(text, x, at);
}

function floating(ctx, all, scale) {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `800 ${15 / scale}px ${FONT}`;
  for (const { x, y, text, color, ageMs, lifeMs } of all) {
    const t = ageMs / lifeMs;
    ctx.globalAlpha = 1 - t * t;
    ctx.fillStyle = color;
    ctx.fillText(text, x, y - t * 34);
  }
  ctx.globalAlpha = 1;
}
