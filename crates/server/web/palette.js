// Colours and type. Each seat has the same colour in every tab, so that "the pink one" is the same ship to everyone.

export const FONT = "ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

const HUES = [190, 332, 44, 140, 266, 18, 95, 300, 212, 356, 168, 68, 240, 30, 120, 285];
const SPRITE_SIZE = 64;

const sprites = new Map();

export function seatColor(seat) {
  const hue = HUES[seat % HUES.length];
  // Beyond the table the same hues come again, paler.
  return `hsl(${hue} 95% ${seat < HUES.length ? 66 : 80}%)`;
}

/** A soft round light in that colour. Drawn once: a blur for every shot and frame costs too much on a phone. */
export function glowSprite(color) {
  let sprite = sprites.get(color);
  if (sprite === undefined) {
    sprite = paint(color);
    sprites.set(color, sprite);
  }
  return sprite;
}

function paint(color) {
  const canvas = document.createElement("canvas");
  canvas.width = SPRITE_SIZE;
  canvas.height = SPRITE_SIZE;
  const ctx = canvas.getContext("2d");
  const middle = SPRITE_SIZE / 2;
  const fade = ctx.createRadialGradient(middle, middle, 0, middle, middle, middle);
  fade.addColorStop(0, "#fff");
  fade.addColorStop(0.18, "rgba(255, 255, 255, 0.55)");
  fade.addColorStop(0.45, "rgba(255, 255, 255, 0.16)");
  fade.addColorStop(1, "rgba(255, 255, 255, 0)");
  ctx.fillStyle = fade;
  ctx.fillRect(0, 0, SPRITE_SIZE, SPRITE_SIZE);
  // The shape stays, the colour is laid over it.
  ctx.globalCompositeOperation = "source-in";
  ctx.fillStyle = color;
  ctx.fillRect(0, 0, SPRITE_SIZE, SPRITE_SIZE);
  return canvas;
}
