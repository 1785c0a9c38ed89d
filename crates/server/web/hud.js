// Everything that is written around the arena: bar, scores, feed, banner, countdown, hints. All text goes in as text.

import { seatColor } from "./palette.js";

const FEED_MAX = 5;
const FEED_MS = 5_200;
const TOAST_MS = 2_600;

const CLOSED = {
  banned: "You are banned from this server.",
  client_too_old: "This page is out of date. Load it again.",
  resumed_elsewhere: "This session went on in another window.",
};

const id = (name) => document.getElementById(name);

export class Hud {
  #scoresShown = "";
  #toastTimer = null;
  #retryAtMs = null;
  #link = null;

  constructor({ onAction }) {
    id("room").addEventListener("click", () => this.#copyLink());
    id("banner-action").addEventListener("click", onAction);
  }

  /** The room that is played, and how to come to it. */
  room(room, link) {
    this.#link = link;
    id("room-code").textContent = room.id;
    id("second-tab").href = link;
    document.body.dataset.room = room.id;
    this.seat(room.seat);
  }

  seat(seat) {
    document.body.dataset.seat = seat;
  }

  stats({ rttMs, ticksPerS, tickHz, framesPerS }) {
    id("ping").textContent = rttMs === null ? "–" : `${rttMs < 1 ? "<1" : Math.round(rttMs)} ms`;
    id("tick").textContent = ticksPerS === null ? "–" : `${Math.round(ticksPerS)} of ${tickHz} Hz`;
    id("frames").textContent = `${Math.round(framesPerS)} fps`;
  }

  /** `rows`: `{seat, name, own, kills, deaths}`, best first. */
  scores(rows) {
    // Only when something changed: a table that is built anew cannot be read out or selected.
    const shown = JSON.stringify(rows);
    if (shown === this.#scoresShown) return;
    this.#scoresShown = shown;
    const body = rows.map(({ seat, name, own, kills, deaths }) => {
      const mark = element("i", "mark");
      mark.style.background = seatColor(seat);
      const pilot = element("td", "pilot", mark, own ? `${name} (you)` : name);
      return element(
        "tr",
        own ? "own" : "",
        pilot,
        element("td", "", String(kills)),
        element("td", "", String(deaths)),
      );
    });
    document.querySelector("#scores tbody").replaceChildren(...body);
    id("alone").hidden = rows.length !== 1;
  }

  /** A line of the feed; parts are text or `{seat, name}`. */
  tell(...parts) {
    const children = parts.map((part) => {
      if (typeof part === "string") return part;
      const name = element("b", "", part.name);
      name.style.color = seatColor(part.seat);
      return name;
    });
    const line = element("li", "", ...children);
    const feed = id("feed");
    feed.append(line);
    while (feed.children.length > FEED_MAX) feed.firstChild.remove();
    setTimeout(() => line.remove(), FEED_MS);
  }

  /** What the connection does, as the client tells it. */
  connection({ state, waitMs, error }, nowMs) {
    document.body.dataset.connection = state;
    this.#retryAtMs = state === "waiting" ? nowMs + waitMs : null;
    if (state === "open") return this.#banner(null);
    if (state === "connecting") return this.#banner("Connecting …", null, true);
    if (state === "waiting") return this.#banner("Connection lost.", "Try now", true);
    const text = CLOSED[error?.code] ?? `The connection has ended: ${error?.message ?? "closed"}.`;
    this.#banner(text, "Connect again", false);
  }

  /** The room cannot be played, although the connection stands. */
  trouble(text, action) {
    this.#banner(text, action, false);
  }

  /** `by` is null when nobody knows who it was; `null` instead of all: alive. */
  respawn(inMs, by) {
    id("respawn").hidden = inMs === null;
    if (inMs === null) return;
    id("respawn-count").textContent = (inMs / 1000).toFixed(1);
    id("respawn-by").replaceChildren(...(by ? ["Shot down by ", coloured(by)] : ["Shot down"]));
  }

  hint(text) {
    id("hint").textContent = text;
    id("hint").classList.toggle("gone", text === "");
  }

  /** Panels step back while the own ship is behind them; `at` is its place on the screen, or null. */
  unveil(at) {
    for (const name of ["scores", "alone"]) {
      const box = id(name).getBoundingClientRect();
      const behind =
        at !== null && at.x > box.left - 30 && at.x < box.right + 30 && at.y < box.bottom + 30 && at.y > box.top - 30;
      id(name).classList.toggle("faint", behind);
    }
  }

  tickDown(nowMs) {
    if (this.#retryAtMs === null) return;
    const seconds = Math.max(0, (this.#retryAtMs - nowMs) / 1000);
    id("banner-text").textContent = `Connection lost. Next attempt in ${seconds.toFixed(1)} s`;
  }

  #banner(text, action = null, busy = false) {
    id("banner").hidden = text === null;
    id("banner").classList.toggle("busy", busy);
    id("banner-text").textContent = text ?? "";
    id("banner-action").hidden = action === null;
    id("banner-action").textContent = action ?? "";
  }

  async #copyLink() {
    if (this.#link === null) return;
    try {
      await navigator.clipboard.writeText(this.#link);
      this.#toast("Link copied");
    } catch {
      // Without permission, or over plain HTTP, the address bar holds the same link.
      this.#toast("Copy the address above");
    }
  }

  #toast(text) {
    clearTimeout(this.#toastTimer);
    const code = id("room-code");
    code.textContent = text;
    this.#toastTimer = setTimeout(() => {
      code.textContent = document.body.dataset.room;
    }, TOAST_MS);
  }
}

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function coloured({ seat, name }) {
  const made = element("b", "", name);
  made.style.color = seatColor(seat);
  return made;
}
