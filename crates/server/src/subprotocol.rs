//! What a client offers in `Sec-WebSocket-Protocol`: the formats that it speaks, best first, and its credential.

#[cfg(test)]
mod tests;

use gamev1_protocol::{ErrorCode, Format, WireError};

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub format: Format,
    /// Whether the answer names the format; a client that offered nothing gets no such header.
    pub named: bool,
    pub credential: Option<OfferedCredential>,
}

/// A credential that came as a subprotocol. It is never echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferedCredential {
    Ticket(String),
    Resume(String),
}

/// Reads the values of all `Sec-WebSocket-Protocol` headers, in order.
///
/// # Errors
/// `unsupported_protocol`, naming what is spoken, when formats were offered and none is; `bad_request` when there is
/// more than one credential.
pub fn negotiate<'a>(headers: impl IntoIterator<Item = &'a str>) -> Result<Offer, WireError> {
    let mut format = None;
    let mut unknown = None;
    let mut credential = None;
    let offered = headers.into_iter().flat_map(|value| value.split(',')).map(str::trim);
    for name in offered.filter(|name| !name.is_empty()) {
        let offered = match name.split_once('.') {
            Some(("ticket", ticket)) => Some(OfferedCredential::Ticket(ticket.to_owned())),
            Some(("resume", token)) => Some(OfferedCredential::Resume(token.to_owned())),
            _ => None,
        };
        match (offered, Format::from_subprotocol(name)) {
            (Some(offered), _) => {
                if credential.replace(offered).is_some() {
                    let (expected, got) = ("one ticket or resume token", "more than one");
                    return Err(WireError::bad_request("/protocols", expected, got));
                }
            }
            (None, Some(known)) => format = format.or(Some(known)),
            (None, None) => unknown = unknown.or(Some(name)),
        }
    }
    match (format, unknown) {
        (None, Some(unknown)) => Err(unsupported(unknown)),
        (format, _) => {
            let named = format.is_some();
            Ok(Offer { format: format.unwrap_or(Format::Json), named, credential })
        }
    }
}

fn unsupported(offered: &str) -> WireError {
    let spoken: Vec<_> = Format::ALL.iter().map(|format| format.subprotocol()).collect();
    let got: String = offered.chars().take(64).collect();
    let message = format!("this server speaks {}, got {got:?}", spoken.join(" and "));
    let details = serde_json::json!({ "pointer": "/protocols", "expected": spoken, "got": got });
    WireError::new(ErrorCode::UnsupportedProtocol, message).details(details)
}
