// Who this client is: guest sign-in, tokens and their renewal, tickets for sockets.

import { errorFromProblem, networkError } from "./errors.js";

const HTTP_TIMEOUT_MS = 10_000;
// A token this close to its end may be refused by a server whose clock is ahead.
const EXPIRY_MARGIN_MS = 15_000;

export class Auth {
  #env;
  #base;
  #storageKey;
  #guest;
  #signingIn = null;

  /** `base` is the server's address; the guest is kept in `env.storage` under `storageKey`. */
  constructor(env, base, storageKey) {
    this.#env = env;
    this.#base = base;
    this.#storageKey = storageKey;
    this.#guest = this.#load();
  }

  get player() {
    return this.#guest.player ?? null;
  }

  /** When the present access token ends, by this clock. */
  get expiresAtMs() {
    return this.#guest.expires_at_ms ?? 0;
  }

  /** An access token that is good for a while yet. */
  async accessToken() {
    if (this.expiresAtMs - EXPIRY_MARGIN_MS > this.#env.now()) return this.#guest.access_token;
    await this.signIn();
    return this.#guest.access_token;
  }

  /** Renews the tokens: by the refresh token, or by signing in again as the same device. */
  signIn() {
    // Two refreshes at once would look like a stolen token and end the sign-in.
    this.#signingIn ??= this.#renew().finally(() => {
      this.#signingIn = null;
    });
    return this.#signingIn;
  }

  /** The server refuses the access token: the next use renews it. */
  invalidate() {
    this.#guest.expires_at_ms = 0;
  }

  /** `{ticket, expires_in, url, protocols}`, good for one socket. */
  ticket() {
    return this.call("POST", "/v1/ws-tickets", {});
  }

  /** A call with the player's bearer token; a token that is refused is renewed once. */
  async call(method, path, body) {
    const token = await this.accessToken();
    try {
      return await this.#fetch(method, path, body, token);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    this.invalidate();
    return this.#fetch(method, path, body, await this.accessToken());
  }

  async #renew() {
    const refresh = this.#guest.refresh_token;
    if (refresh) {
      try {
        this.#keep(await this.#fetch("POST", "/v1/auth/refresh", { refresh_token: refresh }));
        return;
      } catch (error) {
        // What a later try may cure must not cost the sign-in.
        if (error.temporary) throw error;
      }
    }
    const device = this.#guest.device_id;
    this.#keep(await this.#fetch("POST", "/v1/auth/guest", device ? { device_id: device } : {}));
  }

  #keep(tokens) {
    this.#guest = {
      device_id: tokens.device_id ?? this.#guest.device_id,
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token,
      expires_at_ms: this.#env.now() + tokens.expires_in * 1000,
      player: tokens.player ?? this.#guest.player,
    };
    try {
      this.#env.storage?.setItem(this.#storageKey, JSON.stringify(this.#guest));
    } catch {
      // Full or forbidden storage costs the player only the next visit's recognition.
    }
  }

  #load() {
    try {
      return JSON.parse(this.#env.storage?.getItem(this.#storageKey) ?? "{}") ?? {};
    } catch {
      return {};
    }
  }

  async #fetch(method, path, body, token) {
    const headers = { accept: "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const abort = new AbortController();
    const timer = this.#env.setTimeout(() => abort.abort(), HTTP_TIMEOUT_MS);
    try {
      const response = await this.#env.fetch(new URL(path, this.#base), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: abort.signal,
      });
      // Within the time limit too: a body can stall as well as a header.
      const value = await response.json().catch(() => null);
      if (response.ok && value) return value;
      throw errorFromProblem(response.status, value, response.headers.get("retry-after"));
    } catch (error) {
      throw error.name === "GameError" ? error : networkError(error);
    } finally {
      this.#env.clearTimeout(timer);
    }
  }
}
