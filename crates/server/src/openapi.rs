//! The description of the HTTP routes, OpenAPI 3.1: made from one table of operations, the table of error codes and
//! the schemas of what goes in and out. Tests hold it against the routes and against what a running server says.

mod headers;
pub mod operations;
mod parameters;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gamev1_protocol::ErrorCode;
use serde_json::{Map, Value, json};

use self::operations::{OPERATIONS, TAGS};
use crate::problem::DOCS;

/// Every schema that an operation names.
const SCHEMAS: &str = include_str!("openapi/schemas.json");

const DESCRIPTION: &str = "Accounts, rooms and operations over HTTP. Refusals are problems (RFC 9457). A path that has other methods answers \
     405 and names them in `Allow`, as OPTIONS does; HEAD is answered as GET.";

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, at any time: neither counted nor kept waiting.
    Open,
    /// Everybody, within the limits of an address.
    Anyone,
    /// As [`Access::Anyone`]; a bearer token changes what is done.
    Guest,
    Player,
    Moderator,
    Admin,
}

/// A query parameter: name, JSON Schema type, meaning.
pub type Query = (&'static str, &'static str, &'static str);

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub access: Access,
    pub query: &'static [Query],
    /// The schema of the body.
    pub body: Option<&'static str>,
    pub status: u16,
    /// Media type and schema of the answer.
    pub answer: Option<(&'static str, &'static str)>,
    /// Whether it takes an `Idempotency-Key`.
    pub keyed: bool,
    /// Whether its answer has a tag, and is not sent again to who holds it.
    pub held: bool,
    /// The headers of its answer, beside those of all.
    pub headers: &'static [&'static str],
    /// What it is refused with, beside what all of its kind are.
    pub codes: &'static [ErrorCode],
}

impl Operation {
    /// Every code that it can be refused with.
    pub fn all_codes(&self) -> Vec<ErrorCode> {
        use ErrorCode::*;
        // Of dev mode's guards and of the last resort.
        let mut codes = vec![BadRequest, Forbidden, OriginRefused, MisdirectedRequest, Internal];
        // Of a connection that finds no place.
        codes.extend([TooManySockets, Overloaded]);
        if self.access != Access::Open {
            codes.extend([RateLimited, Unavailable, Draining, Timeout]);
        }
        if !matches!(self.access, Access::Open | Access::Anyone) {
            codes.extend([Unauthenticated, TokenExpired, TokenRevoked]);
        }
        if matches!(self.access, Access::Moderator | Access::Admin) {
            codes.extend([Banned, NotFound]);
        }
        if self.body.is_some() {
            codes.extend([TooLarge, UnsupportedMediaType]);
        }
        if self.keyed {
            codes.push(Conflict);
        }
        for code in self.codes {
            if !codes.contains(code) {
                codes.push(*code);
            }
        }
        codes
    }

    fn document(&self, schemas: &Value) -> Value {
        let mut operation = json!({
            "operationId": self.id(),
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": parameters::of(self),
            "responses": self.responses(),
            "security": match self.access {
                Access::Open | Access::Anyone => json!([]),
                Access::Guest => json!([{}, { "bearer": [] }]),
                _ => json!([{ "bearer": [] }]),
            },
        });
        if let Some(role) = self.role() {
            operation["x-role"] = json!(role);
        }
        if let Some(schema) = self.body {
            let content = json!({ "application/json": { "schema": reference(schema) } });
            // No body at all is an empty object.
            let required = ["required", "minProperties"].map(|rule| schemas[schema].get(rule));
            let required = required.iter().any(Option::is_some);
            operation["requestBody"] = json!({ "required": required, "content": content });
        }
        operation
    }

    fn responses(&self) -> Map<String, Value> {
        let mut responses = Map::new();
        for (status, codes) in by_status(&self.all_codes()) {
            responses.insert(status.to_string(), refusals(self.path, status, &codes));
        }
        let mut names = self.headers.to_vec();
        if self.held {
            names.push("ETag");
            let held =
                json!({ "description": "It is held already", "headers": headers::of(&names) });
            responses.insert("304".into(), held);
        }
        let mut done = json!({ "description": self.summary, "headers": headers::of(&names) });
        if let Some((media_type, schema)) = self.answer {
            done["content"] = json!({ media_type: { "schema": reference(schema) } });
        }
        responses.insert(self.status.to_string(), done);
        if let ("/health", Some(at)) = (self.path, responses.get_mut("503")) {
            // Unhealthy is an answer too, not a problem.
            at["content"]["application/json"] = json!({ "schema": reference("Health") });
        }
        responses
    }

    fn role(&self) -> Option<&'static str> {
        match self.access {
            Access::Open | Access::Anyone | Access::Guest => None,
            Access::Player => Some("player"),
            Access::Moderator => Some("moderator"),
            Access::Admin => Some("admin"),
        }
    }

    /// `get_v1_rooms_room` for `GET /v1/rooms/{room}`.
    fn id(&self) -> String {
        let words = self.path.split(|c: char| !c.is_ascii_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        let method = self.method.to_ascii_lowercase();
        std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
    }
}

/// The whole document.
pub fn document() -> Value {
    // A file of ours, which a test reads: it is JSON.
    let mut schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = operation.document(&schemas);
    }
    let names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    schemas["ErrorCode"] = json!({ "type": "string", "enum": names });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "GameV1", "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
        },
        "tags": TAGS.map(|name| json!({ "name": name })),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
            "headers": headers::components(),
        },
    })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// Codes of sockets alone have no status and are left out.
fn by_status(codes: &[ErrorCode]) -> BTreeMap<u16, Vec<&'static str>> {
    let mut by_status: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for code in codes.iter().filter(|code| code.status() != 0) {
        by_status.entry(code.status()).or_default().push(code.name());
    }
    by_status
}

fn refusals(path: &str, status: u16, codes: &[&str]) -> Value {
    let each: Vec<_> = codes.iter().map(|code| format!("[`{code}`]({DOCS}#{code})")).collect();
    let narrowed = json!({ "properties": {
        "status": { "const": status }, "code": { "enum": codes },
    } });
    let example = json!({
        "type": format!("{DOCS}#{}", codes[0]),
        "title": ErrorCode::from_name(codes[0]).map(ErrorCode::title),
        "status": status, "code": codes[0], "detail": "what was, and what was allowed",
        "instance": "/requests/0198c0de",
    });
    json!({
        "description": each.join(", "),
        "headers": headers::of_refusal(path, status),
        "content": { "application/problem+json": {
            "schema": { "allOf": [reference("Problem"), narrowed] }, "example": example,
        } },
    })
}
