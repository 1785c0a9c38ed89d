// The list of rooms beside the arena: which there are, joining one, making one.

import { element } from "./hud.js";

const REFRESH_MS = 3_000;
const ROOMS_SHOWN_MAX = 30;

const panel = document.getElementById("rooms");
const opener = document.getElementById("open-rooms");
const note = document.getElementById("rooms-note");

export class Lobby {
  #client;
  #timer = null;
  #current = () => null;

  /** `current()` is the id of the room that is played; `onJoin(id)` and `onNew()` answer with a promise. */
  constructor(client, { current, onJoin, onNew }) {
    this.#client = client;
    this.#current = current;
    this.onJoin = onJoin;
    opener.addEventListener("click", () => (panel.hidden ? this.#open() : this.close()));
    document.getElementById("close-rooms").addEventListener("click", () => this.close());
    document.getElementById("new-room").addEventListener("click", () => this.#go(onNew));
    addEventListener("keydown", (event) => {
      if (event.code === "Escape") this.close();
    });
  }

  close() {
    clearTimeout(this.#timer);
    panel.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    document.getElementById("stage").focus();
  }

  #open() {
    panel.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    this.#refresh();
  }

  async #refresh() {
    clearTimeout(this.#timer);
    try {
      const { items } = await this.#client.listRooms({ game: "arena", limit: ROOMS_SHOWN_MAX });
      this.#show(items);
      note.textContent = items.length === 0 ? "No room is open." : "";
    } catch (error) {
      note.textContent = `The list could not be fetched: ${error.message}`;
    }
    if (!panel.hidden) this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS);
  }

  #show(rooms) {
    panel.querySelector("ul").replaceChildren(...rooms.map((room) => this.#row(room)));
  }

  #row({ room, players, players_max: max, state, locked }) {
    const here = room === this.#current();
    const action = element("button", "", here ? "You are here" : state === "open" ? "Join" : state);
    action.type = "button";
    action.disabled = here || locked || state !== "open";
    action.addEventListener("click", () => this.#go(() => this.onJoin(room)));
    const count = element("span", "count", `${players} of ${max}`);
    return element("li", here ? "here" : "", element("code", "", room), count, action);
  }

  async #go(change) {
    note.textContent = "One moment …";
    try {
      await change();
      this.close();
    } catch (error) {
      note.textContent = error.message;
    }
  }
}
