// The one error that the library throws and rejects with, and how it is made from what the server says.

// These two are worth another try although their status, 409, is that of a lasting conflict.
const TEMPORARY_CONFLICTS = new Set(["room_full", "room_recovering"]);

export class GameError extends Error {
  /**
   * `temporary` alone decides whether to try again: codes are added within version 1,
   * so a caller must get along with one that it has never seen.
   */
  constructor(code, message, { temporary = false, retryAfterMs, details, status } = {}) {
    super(message || code);
    this.name = "GameError";
    this.code = code;
    this.temporary = temporary;
    this.retryAfterMs = retryAfterMs;
    this.details = details;
    this.status = status;
  }
}

/** From the `error` of a reply, or the data of an `error` push. */
export function errorFromReply(error) {
  return new GameError(String(error?.code ?? "internal"), error?.message, {
    temporary: error?.temporary === true,
    retryAfterMs: duration(error?.retry_after_ms),
    details: error?.details,
  });
}

/** From an HTTP response that is not a success; `body` is its problem document, or null when it had none. */
export function errorFromProblem(status, body, retryAfter) {
  const code = String(body?.code ?? `http_${status}`);
  const temporary =
    body?.temporary ?? (status === 408 || status === 429 || status >= 500 || TEMPORARY_CONFLICTS.has(code));
  return new GameError(code, body?.detail ?? body?.title, {
    temporary: temporary === true,
    retryAfterMs: retryAfterMs(retryAfter),
    details: body?.details ?? body?.errors,
    status,
  });
}

/** The server could not be reached at all, or did not answer in time. */
export function networkError(cause) {
  const error = new GameError("network", "the server cannot be reached", { temporary: true });
  error.cause = cause;
  return error;
}

// `Retry-After` in its form of seconds; a date would need a clock that agrees with the server's.
function retryAfterMs(header) {
  const seconds = Number(header ?? Number.NaN);
  return duration(seconds * 1000);
}

function duration(ms) {
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
