//! The headers of answers: which answer has which, and what they mean.

use serde_json::{Value, json};

/// Name, meaning, JSON Schema of the value, whether it is always there.
const HEADERS: &[(&str, &str, &str, bool)] = &[
    ("X-Request-Id", "Names the request in the server's log", "string", true),
    ("Retry-After", "Seconds to wait", "integer", true),
    ("WWW-Authenticate", "`Bearer`", "string", true),
    ("ETag", "Names this version; to be sent back in `If-None-Match`", "string", true),
    ("Location", "The path of what was made", "string", true),
    ("Cache-Control", "For how long the answer may be kept", "string", true),
    ("Sec-WebSocket-Accept", "As RFC 6455 has it", "string", true),
    ("Sec-WebSocket-Protocol", "The format that was chosen, if one was offered", "string", false),
    ("Sec-WebSocket-Version", "`13`, where another was asked for", "string", false),
    ("RateLimit", "What is left of the budget", "string", false),
    ("RateLimit-Policy", "The budget that was used up", "string", false),
];

/// All of them, for `components`.
pub(super) fn components() -> Value {
    let each = HEADERS.iter().map(|&(name, meaning, kind, required)| {
        let mut schema = json!({ "type": kind });
        if kind == "integer" {
            schema["minimum"] = json!(1);
        }
        let header = json!({ "description": meaning, "required": required, "schema": schema });
        (name.to_owned(), header)
    });
    Value::Object(each.collect())
}

/// References to these, and to what every answer has.
pub(super) fn of(names: &[&str]) -> Value {
    let all = std::iter::once(&"X-Request-Id").chain(names);
    let each = all
        .map(|&name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })));
    Value::Object(each.collect())
}

/// Those of a refusal of `path`.
pub(super) fn of_refusal(path: &str, status: u16) -> Value {
    of(match status {
        400 if path == "/ws" => &["Sec-WebSocket-Version"],
        401 => &["WWW-Authenticate"],
        429 => &["Retry-After", "RateLimit", "RateLimit-Policy"],
        503 => &["Retry-After"],
        _ => &[],
    })
}
