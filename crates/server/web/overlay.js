// What is drawn over the arena in the screen's own measure: arrows to strays, the crosshair, the sticks for thumbs.

import { STICK_RADIUS } from "./controls.js";
import { FONT, seatColor } from "./palette.js";

const EDGE = 14;

/** An arrow at the edge for each ship that the camera does not show. */
export function strays(ctx, ships, camera) {
  for (const ship of ships) arrow(ctx, camera.toScreen(ship), camera.field, seatColor(ship.seat));
}

function arrow(ctx, at, { left, top, width, height }, color) {
  const x = Math.min(left + width - EDGE, Math.max(left + EDGE, at.x));
  const y = Math.min(top + height - EDGE, Math.max(top + EDGE, at.y));
  if (Math.hypot(at.x - x, at.y - y) < 2 * EDGE) return;
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(Math.atan2(at.y - y, at.x - x));
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(9, 0);
  ctx.lineTo(-5, -7);
  ctx.lineTo(-5, 7);
  ctx.fill();
  ctx.restore();
}

export function crosshair(ctx, { x, y }, own) {
  ctx.strokeStyle = own ? seatColor(own.seat) : "rgba(214, 226, 255, 0.5)";
  ctx.lineWidth = 1.6;
  ctx.beginPath();
  ctx.arc(x, y, 9, 0, 2 * Math.PI);
  for (let quarter = 0; quarter < 4; quarter += 1) {
    const [dx, dy] = [Math.cos((quarter * Math.PI) / 2), Math.sin((quarter * Math.PI) / 2)];
    ctx.moveTo(x + dx * 6, y + dy * 6);
    ctx.lineTo(x + dx * 14, y + dy * 14);
  }
  ctx.stroke();
  ctx.fillStyle = "#fff";
  ctx.fillRect(x - 1, y - 1, 2, 2);
}

export function sticks(ctx, { left, right }) {
  const y = innerHeight - STICK_RADIUS - 42;
  stick(ctx, left, { x: STICK_RADIUS + 34, y }, "MOVE", "#4fe3ff");
  stick(ctx, right, { x: innerWidth - STICK_RADIUS - 34, y }, "AIM + FIRE", "#ff5ea8");
}

// At rest a stick only shows where a thumb may go; touched, it is wherever the thumb came down.
function stick(ctx, held, rest, text, color) {
  const { x, y } = held ?? rest;
  ctx.globalAlpha = held ? 0.9 : 0.4;
  ctx.lineWidth = 2;
  ctx.strokeStyle = color;
  ctx.fillStyle = "rgba(14, 24, 48, 0.45)";
  ctx.beginPath();
  ctx.arc(x, y, STICK_RADIUS, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  const [dx, dy] = held ? [held.dx * STICK_RADIUS, held.dy * STICK_RADIUS] : [0, 0];
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.arc(x + dx, y + dy, 21, 0, 2 * Math.PI);
  ctx.fill();
  if (!held) {
    ctx.globalAlpha = 0.6;
    ctx.font = `600 11px ${FONT}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.fillStyle = "#dbe7ff";
    ctx.fillText(text, x, y + STICK_RADIUS + 10);
  }
  ctx.globalAlpha = 1;
}
