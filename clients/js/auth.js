// Who this client is: a guest or an account, tokens and their renewal, tickets for sockets.

import { errorFromProblem, networkError } from "./errors.js";

const HTTP_TIMEOUT_MS = 10_000;
// A token this close to its end may be refused by a server whose clock is ahead.
const EXPIRY_MARGIN_MS = 15_000;
// The server gives the same answer to the same refresh token for 10 s: one whose answer was lost is asked for again, and
// both tries have to be over by then.
const REFRESH_TIMEOUT_MS = 4_000;
// How long another tab is waited for that renews the tokens of the same player. After that this one renews them too: the
// server can tell that from a theft.
const LOCK_TIMEOUT_MS = 10_000;

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
    if (!this.#isGood()) await this.signIn();
    return this.#guest.access_token;
  }

  /** Renews the tokens: by the refresh token, or by signing in again as the same device. */
  signIn() {
    this.#signingIn ??= this.#alone(() => this.#renew()).finally(() => {
      this.#signingIn = null;
    });
    return this.#signingIn;
  }

  /** Makes the guest an account under the same id; without a guest a new account. */
  register(username, email, password) {
    return this.#alone(async () => {
      const guest = this.#guest.account ? undefined : await this.#guestToken();
      const body = { username, email, password, device_id: this.#guest.device_id };
      this.#keep(await this.#fetch("POST", "/v1/auth/register", body, guest), true);
      return this.player;
    });
  }

  /** Signs in to an account by its name or e-mail address. Who was signed in here before is not any more. */
  login(login, password) {
    return this.#alone(async () => {
      const body = { login, password, device_id: this.#guest.device_id };
      this.#keep(await this.#fetch("POST", "/v1/auth/login", body), true);
      return this.player;
    });
  }

  /** Ends this sign-in on the server, and forgets it here whether or not the server could be told. */
  logout() {
    return this.#alone(async () => {
      const token = this.#guest.access_token;
      // The device stays known: it is nobody by itself.
      this.#store({ device_id: this.#guest.device_id });
      if (token) await this.#fetch("POST", "/v1/auth/logout", {}, token);
    });
  }

  // A token of the guest that is signed in, renewed if need be; none when nobody is.
  async #guestToken() {
    if (!this.#guest.refresh_token) return undefined;
    if (!this.#isGood()) await this.#renew();
    return this.#guest.access_token;
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

  #isGood() {
    return this.expiresAtMs - EXPIRY_MARGIN_MS > this.#env.now();
  }

  // Of the tabs that share a player one renews at a time, and those that waited find its tokens. Otherwise the last to
  // come would show a refresh token that was used, which after a while ends the sign-in of all of them.
  async #alone(work) {
    if (!this.#env.locks) return work();
    const abort = new AbortController();
    const timer = this.#env.setTimeout(() => abort.abort(), LOCK_TIMEOUT_MS);
    let begun = false;
    const begin = () => {
      begun = true;
      this.#env.clearTimeout(timer);
      return work();
    };
    try {
      return await this.#env.locks.request(`${this.#storageKey}.renewal`, { signal: abort.signal }, begin);
    } catch (error) {
      // No lock, be it that it took too long or that the page may have none.
      if (begun) throw error;
      return begin();
    }
  }

  async #renew() {
    if (this.#takeOver() && this.#isGood()) return;
    const refresh = this.#guest.refresh_token;
    if (refresh) {
      try {
        this.#keep(await this.#refresh(refresh));
        return;
      } catch (error) {
        // What a later try may cure must not cost the sign-in.
        if (error.temporary) throw error;
        // An account wants its password: to go on as a new guest would be to go on as somebody else.
        if (this.#guest.account) throw error;
      }
    }
    const device = this.#guest.device_id;
    this.#keep(await this.#fetch("POST", "/v1/auth/guest", device ? { device_id: device } : {}));
  }

  // Whether another tab has renewed the tokens of this player, which are then this one's.
  #takeOver() {
    const stored = this.#load();
    const renewed = stored.refresh_token && stored.access_token !== this.#guest.access_token;
    if (!renewed || stored.player?.id !== this.player?.id) return false;
    this.#guest = stored;
    return true;
  }

  async #refresh(token) {
    const ask = () =>
      this.#fetch("POST", "/v1/auth/refresh", { refresh_token: token }, undefined, REFRESH_TIMEOUT_MS);
    try {
      return await ask();
    } catch (error) {
      if (error.code !== "network") throw error;
    }
    return ask();
  }

  #keep(tokens, account = this.#guest.account ?? false) {
    this.#store({
      device_id: tokens.device_id ?? this.#guest.device_id,
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token,
      expires_at_ms: this.#env.now() + tokens.expires_in * 1000,
      player: tokens.player ?? this.#guest.player,
      account,
    });
  }

  #store(guest) {
    this.#guest = guest;
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

  async #fetch(method, path, body, token, timeoutMs = HTTP_TIMEOUT_MS) {
    const headers = { accept: "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const abort = new AbortController();
    const timer = this.#env.setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await this.#env.fetch(new URL(path, this.#base), {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: abort.signal,
      });
      // Within the time limit too: a body can stall as well as a header.
      const value = await response.json().catch(() => null);
      if (response.ok && (value || response.status === 204)) return value;
      throw errorFromProblem(response.status, value, response.headers.get("retry-after"));
    } catch (error) {
      throw error.name === "GameError" ? error : networkError(error);
    } finally {
      this.#env.clearTimeout(timer);
    }
  }
}
