// The page as a whole: connects, joins, and runs the loop that turns inputs and states into frames.

import { Client } from "/client/gamev1.js";
import { Camera } from "./camera.js";
import { Controls } from "./controls.js";
import { Effects } from "./effects.js";
import { Hud } from "./hud.js";
import { Lobby } from "./lobby.js";
import { Match } from "./match.js";
import { Renderer } from "./render.js";

const PING_EVERY_MS = 2_000;
// A pause this long is not caught up with step by step: the next state begins anew.
const PAUSE_MS = 400;
const HUD_EVERY_MS = 200;
const BAR_HEIGHT = 56;
// Where the figures stand in a line of their own: compact.css says from which width on.
const NARROW_BAR_HEIGHT = 78;
const NARROW = matchMedia("(max-width: 760px)");
const STICKS_HEIGHT = 206;
const MARGIN = 12;
const ROOM_IN_HASH = /^#([0-9A-HJKMNP-TV-Z]{10})$/i;

const stage = document.getElementById("stage");
const client = new Client({ pingEveryMs: PING_EVERY_MS });
const camera = new Camera();
const controls = new Controls(stage);
const effects = new Effects();
const renderer = new Renderer(stage);
const hud = new Hud({ onAction: act });
new Lobby(client, {
  current: () => match?.room.id ?? null,
  onJoin: (room) => enter(() => client.join(room)),
  onNew: () => enter(() => client.create("arena")),
});

let match = null;
let frames = 0;
let shownAtMs = performance.now();
let drawnAtMs = shownAtMs;

// For tests in a real browser, and for whoever is curious in the console.
window.gamev1 = {
  client,
  get room() {
    return match?.room ?? null;
  },
  me: () => match?.me(performance.now()) ?? null,
};

client.on("connection", (change) => hud.connection(change, performance.now()));
client.on("error", (error) => hud.tell(error.message));
addEventListener("online", () => client.retryNow());
addEventListener("resize", layout);
// Said aloud the seat is free at once; a tab that merely vanishes keeps its ship until the session's time is over.
addEventListener("pagehide", () => client.close());
addEventListener("pageshow", ({ persisted }) => persisted && start());
document.addEventListener("visibilitychange", () => document.hidden && match?.rest(controls));
start();

async function start() {
  layout();
  hud.hint(controls.touch ? "" : "W A S D to move · mouse to aim · click to fire");
  requestAnimationFrame(frame);
  try {
    await client.connect();
    await enter(linkedRoom);
  } catch (error) {
    // Where the connection has ended the banner already says so.
    if (client.state === "open") hud.trouble(error.message, "Try again");
  }
}

// The button of the banner, whatever it says at that moment.
function act() {
  if (client.state === "waiting") client.retryNow();
  else if (client.state === "open" || client.state === "closed") start();
}

/** The room that the address names, if it is still there; else any arena. */
async function linkedRoom() {
  const [, linked] = ROOM_IN_HASH.exec(location.hash) ?? [];
  if (linked !== undefined) {
    try {
      return await client.join(linked.toUpperCase());
    } catch (error) {
      if (error.temporary) throw error;
      hud.tell(`Room ${linked} is not there any more.`);
    }
  }
  return client.joinOrCreate("arena");
}

// Joins first and leaves then: whoever cannot get in stays where they are.
async function enter(choose) {
  const room = await choose();
  const left = match;
  match = new Match(room, { client, effects, hud });
  match.onEnd = restart;
  const link = `${location.origin}/#${room.id}`;
  history.replaceState(null, "", link);
  hud.room(room, link);
  layout();
  if (left !== null && left.room !== room) left.leave();
}

async function restart(closing) {
  match = null;
  if (closing.reason === "disconnected") return;
  hud.tell(`The room has closed (${closing.message || closing.reason}).`);
  history.replaceState(null, "", "/");
  try {
    await enter(linkedRoom);
  } catch (error) {
    hud.trouble(error.message, "Try again");
  }
}

function layout() {
  const [width, height] = [innerWidth, innerHeight];
  renderer.resize(width, height);
  // Held upright, a phone has room for thumbs below the arena; otherwise they lie on top of it.
  const below = controls.touch && height > width ? STICKS_HEIGHT : 0;
  const top = NARROW.matches ? NARROW_BAR_HEIGHT : BAR_HEIGHT;
  const margin = controls.touch ? 0 : MARGIN;
  const field = { left: margin, top, width: width - 2 * margin, height: Math.max(1, height - top - below - margin) };
  camera.fit(field, match?.world.ready ? match.world.arena : { w: 1600, h: 900 });
}

function frame(nowMs) {
  requestAnimationFrame(frame);
  const elapsedMs = Math.min(PAUSE_MS, nowMs - drawnAtMs);
  if (nowMs - drawnAtMs >= PAUSE_MS) match?.pause();
  drawnAtMs = nowMs;
  frames += 1;
  hud.tickDown(nowMs);
  if (match?.world.ready) play(match, nowMs, elapsedMs);
  if (nowMs - shownAtMs >= HUD_EVERY_MS) show(nowMs);
}

function play(current, nowMs, elapsedMs) {
  current.steer(controls, camera, nowMs);
  const scene = current.scene(nowMs, elapsedMs);
  effects.follow(scene.ships, nowMs);
  effects.advance(elapsedMs);
  if (scene.own) camera.follow(scene.own, elapsedMs);
  renderer.draw({ scene, world: current.world, camera, effects, controls, nowMs });
  hud.respawn(current.world.respawnInMs(nowMs), current.killer);
  if (document.body.dataset.state !== "playing") {
    layout();
    document.body.dataset.state = "playing";
  }
}

function show(nowMs) {
  const framesPerS = (frames * 1000) / (nowMs - shownAtMs);
  [frames, shownAtMs] = [0, nowMs];
  const { rttMs } = client.stats;
  hud.stats({ rttMs, ticksPerS: match?.ticksPerS() ?? null, tickHz: match?.room.tickHz ?? 20, framesPerS });
  if (!match?.world.ready) return;
  hud.scores(match.standings());
  const own = match.world.own(nowMs);
  hud.unveil(own && camera.toScreen(own.predicted));
  if (controls.used) hud.hint("");
}
