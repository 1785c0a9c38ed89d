// The floor of the arena with its grid, walls and border: drawn once for each size, then only copied.

const CELL_UNITS = 50;
const MARGIN = 40;

export class Backdrop {
  #canvas = document.createElement("canvas");
  #drawn = null;
  #scale = 0;

  /** Draws the backdrop to a context whose origin is the arena's corner, in device pixels. */
  draw(ctx, terrain, arena, scale) {
    if (terrain !== this.#drawn || scale !== this.#scale) {
      this.#drawn = terrain;
      this.#scale = scale;
      this.#paint(arena, scale);
    }
    ctx.drawImage(this.#canvas, -MARGIN, -MARGIN);
  }

  #paint(arena, scale) {
    const [width, height] = [arena.w * scale, arena.h * scale];
    this.#canvas.width = Math.ceil(width) + 2 * MARGIN;
    this.#canvas.height = Math.ceil(height) + 2 * MARGIN;
    const ctx = this.#canvas.getContext("2d");
    ctx.translate(MARGIN, MARGIN);
    floor(ctx, width, height);
    grid(ctx, width, height, CELL_UNITS * scale);
    for (const [x, y, w, h] of arena.walls) wall(ctx, x * scale, y * scale, w * scale, h * scale, scale);
    border(ctx, width, height, scale);
  }
}

function floor(ctx, width, height) {
  const glow = ctx.createRadialGradient(width / 2, height / 2, 0, width / 2, height / 2, width * 0.62);
  glow.addColorStop(0, "#101b38");
  glow.addColorStop(0.55, "#0a1226");
  glow.addColorStop(1, "#070c1a");
  ctx.fillStyle = glow;
  ctx.beginPath();
  ctx.roundRect(0, 0, width, height, 10);
  ctx.fill();
}

function grid(ctx, width, height, cell) {
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(0, 0, width, height, 10);
  ctx.clip();
  ctx.lineWidth = 1;
  for (let i = 1; i * cell < Math.max(width, height); i += 1) {
    ctx.strokeStyle = i % 4 === 0 ? "rgba(120, 165, 255, 0.10)" : "rgba(120, 165, 255, 0.04)";
    const at = Math.round(i * cell) + 0.5;
    line(ctx, at, 0, at, height);
    line(ctx, 0, at, width, at);
  }
  ctx.fillStyle = "rgba(150, 190, 255, 0.22)";
  for (let x = 4 * cell; x < width; x += 4 * cell) {
    for (let y = 4 * cell; y < height; y += 4 * cell) ctx.fillRect(x - 1, y - 1, 3, 3);
  }
  markings(ctx, width, height, cell);
  ctx.restore();
}

// As on a sports field: they give the eye something to measure speed by.
function markings(ctx, width, height, cell) {
  ctx.strokeStyle = "rgba(124, 150, 255, 0.16)";
  ctx.lineWidth = Math.max(1, cell * 0.05);
  for (const [x, y, radius] of [
    [width / 2, height / 2, 4.6],
    [width / 2, height / 2, 4.3],
    [0, 0, 3],
    [width, 0, 3],
    [0, height, 3],
    [width, height, 3],
  ]) {
    ctx.beginPath();
    ctx.arc(x, y, radius * cell, 0, 2 * Math.PI);
    ctx.stroke();
  }
  line(ctx, width / 2, 0, width / 2, height / 2 - 4.6 * cell);
  line(ctx, width / 2, height / 2 + 4.6 * cell, width / 2, height);
}

function line(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function wall(ctx, x, y, w, h, scale) {
  const corner = Math.min(6 * scale, w / 2, h / 2);
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, corner);
  ctx.shadowColor = "rgba(96, 130, 255, 0.55)";
  ctx.shadowBlur = 26 * scale;
  ctx.fillStyle = "#141f42";
  ctx.fill();
  ctx.shadowBlur = 0;
  const face = ctx.createLinearGradient(x, y, x, y + h);
  face.addColorStop(0, "#263566");
  face.addColorStop(1, "#131c3d");
  ctx.fillStyle = face;
  ctx.fill();
  hatch(ctx, x, y, w, h, 14 * scale);
  ctx.lineWidth = Math.max(1, 1.6 * scale);
  ctx.strokeStyle = "rgba(140, 175, 255, 0.75)";
  ctx.stroke();
  ctx.restore();
}

// Diagonal stripes, so that a wall reads as solid at a glance.
function hatch(ctx, x, y, w, h, gap) {
  ctx.save();
  ctx.clip();
  const lines = new Path2D();
  for (let d = -h; d < w; d += gap) {
    lines.moveTo(x + d, y + h);
    lines.lineTo(x + d + h, y);
  }
  ctx.strokeStyle = "rgba(160, 190, 255, 0.07)";
  ctx.lineWidth = Math.max(1, gap * 0.3);
  ctx.stroke(lines);
  ctx.restore();
}

function border(ctx, width, height, scale) {
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(0, 0, width, height, 10);
  ctx.shadowColor = "rgba(79, 227, 255, 0.9)";
  ctx.shadowBlur = 18 * scale;
  const edge = ctx.createLinearGradient(0, 0, width, height);
  edge.addColorStop(0, "#4fe3ff");
  edge.addColorStop(0.5, "#7c5cff");
  edge.addColorStop(1, "#ff5ea8");
  ctx.strokeStyle = edge;
  ctx.lineWidth = Math.max(1.5, 2 * scale);
  ctx.stroke();
  ctx.restore();
}
