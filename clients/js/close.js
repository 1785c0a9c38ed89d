// What a client does about each close code: the table of the protocol as a value.

const STOP = { action: "stop" };
const RESUME = { action: "resume" };
const GIVE_UP = { action: "give_up" };
const AT_FAULT = { action: "resume", atFault: true };

const POLICIES = new Map([
  [1000, STOP],
  [1001, RESUME],
  [1002, AT_FAULT],
  [1003, AT_FAULT],
  [1006, RESUME],
  [1007, AT_FAULT],
  [1008, GIVE_UP],
  [1009, AT_FAULT],
  [1011, RESUME],
  [1013, RESUME],
  [4000, RESUME],
  [4001, { action: "sign_in" }],
  [4003, GIVE_UP],
  [4008, RESUME],
  [4009, STOP],
  [4010, GIVE_UP],
  [4029, RESUME],
  [4400, AT_FAULT],
]);

// For closes whose reason names no code of its own.
const NAMES = new Map([
  [1000, "done"],
  [1001, "going_away"],
  [1006, "network"],
  [1008, "policy"],
  [1011, "internal"],
  [1013, "overloaded"],
  [4000, "silent"],
  [4001, "unauthenticated"],
  [4003, "banned"],
  [4008, "too_slow"],
  [4009, "resumed_elsewhere"],
  [4010, "client_too_old"],
  [4029, "rate_limited"],
]);

/**
 * `action`: "stop" (nothing went wrong), "give_up" (it would only happen again), "resume",
 * or "sign_in" (then resume). `atFault`: what this client sent was refused, so it resumes once and no more.
 */
export function closePolicy(code, reason) {
  const { action, atFault = false } = POLICIES.get(code) ?? (code < 4500 ? RESUME : GIVE_UP);
  const said = parseReason(reason);
  return {
    action,
    atFault,
    code: typeof said.code === "string" ? said.code : (NAMES.get(code) ?? `close_${code}`),
    retryAfterMs: Number.isFinite(said.retry_after_ms) ? Math.max(0, said.retry_after_ms) : 0,
    untilMs: Number.isFinite(said.until_ms) ? said.until_ms : undefined,
  };
}

function parseReason(reason) {
  try {
    return JSON.parse(reason) ?? {};
  } catch {
    // A proxy on the way may close with words of its own.
    return {};
  }
}
