// The types of everything that gamev1.js exports.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Codes are added within version 1: treat one that is not here by `temporary`. */
export type ErrorCode =
  | "bad_request" | "unknown_type" | "unsupported_protocol"
  | "validation_failed" | "weak_password" | "message_refused"
  | "unauthenticated" | "token_expired" | "token_revoked" | "ticket_invalid" | "refresh_reused" | "invalid_credentials"
  | "forbidden" | "banned" | "muted" | "blocked" | "origin_refused" | "room_private"
  | "not_found" | "room_not_found" | "game_not_found" | "channel_not_found" | "player_not_found"
  | "conflict" | "username_taken" | "email_taken" | "already_joined" | "not_joined" | "room_closed" | "room_locked"
  | "room_full" | "room_recovering" | "too_large"
  | "rate_limited" | "slow_mode" | "too_many_sockets" | "duplicate_message"
  | "internal" | "unavailable" | "overloaded" | "draining" | "timeout"
  | "input_refused" | "input_poison"
  | "resume_expired" | "resume_unknown" | "resume_mismatch" | "interrupted"
  /** Made by the client: the server cannot be reached; `close` was called. */
  | "network" | "closed"
  | (string & {});

export class GameError extends Error {
  constructor(code: ErrorCode, message?: string, about?: Partial<Omit<GameError, keyof Error | "code">>);
  readonly code: ErrorCode;
  /** Whether trying again later may help. */
  readonly temporary: boolean;
  readonly retryAfterMs?: number;
  readonly details?: any;
  /** Of the HTTP response, when there was one. */
  readonly status?: number;
  /** The type of a request without id that was refused. */
  readonly request?: string;
}

export type Unsubscribe = () => void;

export class Emitter<Events> {
  /** Calls `listener` at each event of that name, until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe;
  /** A promise of the next event of that name. */
  next<Name extends keyof Events>(name: Name): Promise<Events[Name]>;
}

export interface PlayerInfo {
  id: string;
  username: string;
  role: string;
}

export interface ClientOptions {
  /** The server's address, `https://play.example`; the page's own origin by default. */
  url?: string;
  /** Where the guest is kept: `sessionStorage` by default, so that two tabs are two players; with `localStorage` they are one. */
  storage?: Pick<Storage, "getItem" | "setItem">;
  storageKey?: string;
  /** Lets tabs that share a `storage` renew their player's tokens one at a time: `navigator.locks` by default. */
  locks?: Pick<LockManager, "request">;
  /** How often to measure the round-trip time; never less often than the server's heartbeat. 5 s by default. */
  pingEveryMs?: number;
  /** How long a request may go unanswered, cuts included. 30 s by default. */
  requestTimeoutMs?: number;
  /** The WebSocket class; the global one by default. Node 20 has none: pass that of the package `ws`. */
  WebSocket?: unknown;
  fetch?: typeof fetch;
  random?: () => number;
  now?: () => number;
  setTimeout?: (run: () => void, ms: number) => any;
  clearTimeout?: (timer: any) => void;
}

export type ConnectionChange =
  | { state: "connecting" }
  /** `resumed`: the session went on, and every seat was kept. */
  | { state: "open"; resumed: boolean }
  /** Cut off; the next attempt is in `waitMs`. */
  | { state: "waiting"; waitMs: number; error: GameError }
  /** The end. Without an error, `close` was called. */
  | { state: "closed"; error: GameError | null };

export interface ClientEvents {
  connection: ConnectionChange;
  /** A request without id was refused, or what this client sent cost it the socket. */
  error: GameError;
  going_away: { reason: string; after_ms: number; jitter_ms: number };
  notice: { code: string; message: string; until_ms?: number };
  /** Every push, those of types that this library does not know included. */
  push: { type: string; data: any };
}

export interface ClientStats {
  framesIn: number;
  framesOut: number;
  charsIn: number;
  charsOut: number;
  /** Sockets opened so far, and how many of them resumed a session. */
  connects: number;
  resumes: number;
  rttMs: number | null;
  clockOffsetMs: number | null;
  /** Requests that the server has not confirmed yet; 256 at most. */
  unconfirmed: number;
}

export interface RoomListing {
  room: string;
  game: string;
  players: number;
  players_max: number;
  private: boolean;
  locked: boolean;
  state: "open" | "full" | "recovering" | "closing";
  metadata: any;
  created_at: string;
}

export class Client extends Emitter<ClientEvents> {
  constructor(options?: ClientOptions);
  readonly rooms: ReadonlyMap<string, Room>;
  readonly state: "idle" | ConnectionChange["state"];
  /** Null until signed in. */
  readonly player: PlayerInfo | null;
  readonly session: string | null;
  readonly limits: { frame_bytes?: number; input_hz?: number; rooms?: number; channels?: number };
  readonly stats: ClientStats;
  serverNowMs(): number;
  /** Resolves once the session is open; rejects only when it never will be. */
  connect(): Promise<void>;
  /** Makes the guest an account under the same id, or makes a new account. The session goes on. */
  register(account: { username: string; email: string; password: string }): Promise<PlayerInfo>;
  /** `login` is a username or an e-mail address. A session that is open ends: `connect` opens the next. */
  login(account: { login: string; password: string }): Promise<PlayerInfo>;
  /** Signs out, and closes. `connect` then goes on as a guest. */
  logout(): Promise<void>;
  close(): void;
  /** Ends a wait between two attempts early. */
  retryNow(): void;
  joinOrCreate<View = any, Input = any>(
    game: string,
    choice?: { options?: any; where?: Record<string, Json>; clientId?: string },
  ): Promise<Room<View, Input>>;
  create<View = any, Input = any>(
    game: string,
    choice?: { options?: any; isPrivate?: boolean; playersMax?: number; metadata?: any; clientId?: string },
  ): Promise<Room<View, Input>>;
  join<View = any, Input = any>(room: string): Promise<Room<View, Input>>;
  listRooms(query?: {
    game?: string;
    where?: Record<string, Json>;
    cursor?: string;
    limit?: number;
  }): Promise<{ items: RoomListing[]; next_cursor: string | null }>;
  /** Any request of the protocol. */
  request(type: string, data?: any, options?: { timeoutMs?: number }): Promise<any>;
}

export interface Member {
  seat: number;
  player: string;
  username: string;
}

export interface RoomEvents<View> {
  /** The view has changed. `snapshot`: as a whole, so nothing can be said about what changed. */
  state: { view: View; tick: number; epoch: number; ack: number; snapshot: boolean };
  joined: Member & { room: string };
  left: { room: string; seat: number };
  event: { room: string; tick: number; event: any };
  message: { room: string; from: number; payload: any };
  input_rejected: { room: string; seq: number; code: string; message: string; more?: number };
  /** The room crashed and goes on from its last checkpoint; a snapshot follows. */
  recovered: { room: string; epoch: number; tick: number; ticks_lost: number };
  ended: { room: string; result?: any };
  /** After a cut: the same seat (`resumed`), or a new one in the same room. Inputs start at `room.seq + 1`. */
  reentered: { resumed: boolean; messagesLost: boolean; seat: number };
  /** `reason` of the protocol, or "left", "lost" (cut off, and it could not be joined again), "disconnected". */
  closed: { reason: string; message?: string; code?: ErrorCode; result?: any };
}

export class Room<View = any, Input = any> extends Emitter<RoomEvents<View>> {
  private constructor();
  readonly id: string;
  readonly n: number;
  readonly game: string;
  readonly seat: number;
  readonly tickHz: number;
  readonly patchHz: number;
  readonly metadata: any;
  readonly keepsMessages: boolean;
  /** By seat, this client's own included. */
  readonly players: ReadonlyMap<number, Member>;
  readonly closed: boolean;
  /** The newest view, null before the first; never changed in place. */
  readonly state: View | null;
  readonly tick: number;
  readonly epoch: number;
  /** The highest input that is settled, and the highest that was sent. */
  readonly ack: number;
  readonly seq: number;
  /** Its number, or null when there is no connection: inputs are not kept for later. */
  input(input: Input): number | null;
  /** To the other members, or to those seats. A refusal comes as the client's `error`. */
  send(payload: Json, to?: number[]): void;
  leave(): Promise<void>;
  /** Asks for a snapshot. A patch that does not fit does so by itself. */
  sync(): void;
}

export class SharedView<View = any> {
  readonly view: View | null;
  readonly tick: number;
  readonly epoch: number;
  readonly ack: number;
  expect(epoch: number): void;
  settle(ack: number): void;
  snapshot(data: { ack?: number; epoch: number; tick: number; state: View }): boolean;
  delta(data: { ack?: number; epoch: number; tick: number; base: number; patch: any }): "applied" | "ignored" | "gap";
}

/** JSON Merge Patch (RFC 7396); the target is left as it is. */
export function mergePatch(target: any, patch: any): any;

export class Backoff {
  constructor(options?: { baseMs?: number; maxMs?: number; resetAfterMs?: number; random?: () => number });
  readonly attempts: number;
  next(): number;
  held(ms: number): boolean;
}

export interface ClosePolicy {
  action: "stop" | "give_up" | "resume" | "sign_in";
  atFault: boolean;
  code: string;
  retryAfterMs: number;
  untilMs?: number;
}
export function closePolicy(code: number, reason: string): ClosePolicy;

export class Predictor<State, Input> {
  constructor(options: { step: (state: State, input: Input) => State; stepsMax?: number });
  readonly state: State | null;
  /** The state one step earlier: what is to be drawn lies between the two. */
  readonly previous: State | null;
  readonly ahead: number;
  /** One local step a server tick, with the input in force and the number under which it was last sent. */
  advance(input: Input, seq: number): void;
  reconcile(state: State, tick: number, ack: number): void;
  reset(): void;
}

export class TickClock {
  constructor(tickHz: number);
  observe(tick: number, nowMs: number): void;
  at(nowMs: number): number | null;
}

export class InterpolationBuffer<View> {
  constructor(options?: { framesMax?: number; stretchTicks?: number });
  push(tick: number, view: View): void;
  sample(tick: number): { from: View; to: View; t: number } | null;
  clear(): void;
}

export function lerp(from: number, to: number, t: number): number;
export function lerpAngle(from: number, to: number, t: number): number;
