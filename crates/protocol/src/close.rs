//! Close codes and the JSON that stands in a close frame's reason.

use crate::{ErrorCode, limits::CLOSE_REASON_BYTES_MAX};

/// Why the server closes a socket (RFC 6455 7.4; 4000–4999 are ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    Done = 1000,
    GoingAway = 1001,
    Framing = 1002,
    WrongFrame = 1003,
    NotUtf8 = 1007,
    Policy = 1008,
    TooLarge = 1009,
    SessionFailed = 1011,
    Overloaded = 1013,
    Silent = 4000,
    SignedOut = 4001,
    Banned = 4003,
    TooSlow = 4008,
    ResumedElsewhere = 4009,
    ClientTooOld = 4010,
    RateLimited = 4029,
    NotAnEnvelope = 4400,
}

impl CloseCode {
    /// The word that stands as `code` in the reason.
    pub const fn word(self) -> &'static str {
        match self {
            CloseCode::Done => "done",
            CloseCode::GoingAway => "going_away",
            CloseCode::Framing => "framing",
            CloseCode::WrongFrame => "wrong_frame",
            CloseCode::NotUtf8 => "not_utf8",
            CloseCode::Policy => "policy",
            CloseCode::TooLarge => ErrorCode::TooLarge.name(),
            CloseCode::SessionFailed => ErrorCode::Internal.name(),
            CloseCode::Overloaded => ErrorCode::Overloaded.name(),
            CloseCode::Silent => "silent",
            CloseCode::SignedOut => "signed_out",
            CloseCode::Banned => "banned",
            CloseCode::TooSlow => "too_slow",
            CloseCode::ResumedElsewhere => "resumed_elsewhere",
            CloseCode::ClientTooOld => "client_too_old",
            CloseCode::RateLimited => ErrorCode::RateLimited.name(),
            CloseCode::NotAnEnvelope => "not_an_envelope",
        }
    }

    /// The reason of the close frame: `{"code", "retry_after_ms"?}`, at most 123 bytes. Of a ban the number is
    /// `until_ms`, its end.
    pub fn reason(self, ms: Option<u64>) -> String {
        let name = if self == CloseCode::Banned { "until_ms" } else { "retry_after_ms" };
        let reason = match ms {
            Some(ms) => format!(r#"{{"code":"{}","{name}":{ms}}}"#, self.word()),
            None => format!(r#"{{"code":"{}"}}"#, self.word()),
        };
        debug_assert!(reason.len() <= CLOSE_REASON_BYTES_MAX);
        reason
    }
}
