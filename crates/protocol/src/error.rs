//! Error codes: one table of name, HTTP status and whether trying again can help.

use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! error_codes {
    ($($variant:ident $name:literal $status:literal $temporary:literal $title:literal;)*) => {
        /// Why something was refused. The table is the same for sockets, HTTP, docs and client types.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($variant,)* }

        impl ErrorCode {
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$variant => $name,)* }
            }

            /// HTTP status; 0 for codes that only ever travel over a socket.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)* }
            }

            /// Whether the same request may succeed later.
            pub const fn temporary(self) -> bool {
                match self { $(ErrorCode::$variant => $temporary,)* }
            }

            /// The title of the problem document (RFC 9457).
            pub const fn title(self) -> &'static str {
                match self { $(ErrorCode::$variant => $title,)* }
            }

            pub fn from_name(name: &str) -> Option<ErrorCode> {
                match name { $($name => Some(ErrorCode::$variant),)* _ => None }
            }
        }
    };
}

error_codes! {
    BadRequest "bad_request" 400 false "Bad request";
    UnknownType "unknown_type" 400 false "Unknown request type";
    UnsupportedProtocol "unsupported_protocol" 400 false "Unsupported protocol";
    ValidationFailed "validation_failed" 422 false "Validation failed";
    WeakPassword "weak_password" 422 false "Weak password";
    Unauthenticated "unauthenticated" 401 false "Unauthenticated";
    TokenExpired "token_expired" 401 false "Token expired";
    TokenRevoked "token_revoked" 401 false "Token revoked";
    TicketInvalid "ticket_invalid" 401 false "Ticket invalid";
    RefreshReused "refresh_reused" 401 false "Refresh token reused";
    InvalidCredentials "invalid_credentials" 401 false "Invalid credentials";
    Forbidden "forbidden" 403 false "Forbidden";
    Banned "banned" 403 false "Banned";
    OriginRefused "origin_refused" 403 false "Origin refused";
    RoomPrivate "room_private" 403 false "Room is private";
    NotFound "not_found" 404 false "Not found";
    RoomNotFound "room_not_found" 404 false "Room not found";
    GameNotFound "game_not_found" 404 false "Game not found";
    PlayerNotFound "player_not_found" 404 false "Player not found";
    MethodNotAllowed "method_not_allowed" 405 false "Method not allowed";
    Conflict "conflict" 409 false "Conflict";
    UsernameTaken "username_taken" 409 false "Username taken";
    EmailTaken "email_taken" 409 false "E-mail address taken";
    AlreadyJoined "already_joined" 409 false "Already joined";
    NotJoined "not_joined" 409 false "Not joined";
    RoomClosed "room_closed" 409 false "Room closed";
    RoomLocked "room_locked" 409 false "Room locked";
    RoomFull "room_full" 409 true "Room full";
    RoomRecovering "room_recovering" 409 true "Room recovering";
    TooLarge "too_large" 413 false "Too large";
    UnsupportedMediaType "unsupported_media_type" 415 false "Unsupported media type";
    MisdirectedRequest "misdirected_request" 421 false "Misdirected request";
    RateLimited "rate_limited" 429 true "Rate limited";
    TooManySockets "too_many_sockets" 429 true "Too many sockets";
    Internal "internal" 500 true "Internal error";
    Unavailable "unavailable" 503 true "Unavailable";
    Overloaded "overloaded" 503 true "Overloaded";
    Draining "draining" 503 true "Draining";
    Timeout "timeout" 504 true "Timeout";
    InputRefused "input_refused" 0 false "Input refused";
    InputPoison "input_poison" 0 false "Input crashed the room";
    ResumeExpired "resume_expired" 401 false "Resume window over";
    ResumeUnknown "resume_unknown" 401 false "Resume token unknown";
    ResumeMismatch "resume_mismatch" 401 false "Resume token of another sign-in";
    Interrupted "interrupted" 0 false "Interrupted";
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
        let name = String::deserialize(deserializer)?;
        ErrorCode::from_name(&name)
            .ok_or_else(|| serde::de::Error::custom(format_args!("unknown error code {name:?}")))
    }
}

/// A refusal as it stands in a reply's `error` or in an `error` push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WireError {
    pub code: ErrorCode,
    /// For people: lower case, no full stop, says what was and what was allowed.
    pub message: String,
    pub temporary: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl WireError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> WireError {
        let message = message.into();
        WireError {
            code,
            message,
            temporary: code.temporary(),
            retry_after_ms: None,
            details: None,
        }
    }

    pub fn details(mut self, details: Value) -> WireError {
        self.details = Some(details);
        self
    }

    pub fn retry_after_ms(mut self, ms: u64) -> WireError {
        self.retry_after_ms = Some(ms);
        self
    }

    /// A field of the wrong type or range. `pointer` is a JSON pointer (RFC 6901) into the envelope.
    pub fn bad_request(pointer: &str, expected: &str, got: &str) -> WireError {
        let place = if pointer.is_empty() { "the request" } else { pointer };
        WireError::new(ErrorCode::BadRequest, format!("{place}: expected {expected}, got {got}"))
            .details(serde_json::json!({ "pointer": pointer, "expected": expected, "got": got }))
    }
}
