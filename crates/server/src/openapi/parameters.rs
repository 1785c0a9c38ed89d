//! What an operation is told in its path, its query and its headers.

use serde_json::{Value, json};

use super::Operation;
use crate::paging::{LIMIT, LIMIT_MAX};

pub(super) fn of(operation: &Operation) -> Vec<Value> {
    let segments = operation.path.split('/');
    let named = segments.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<_> = named.map(in_path).collect();
    for &(name, kind, meaning) in operation.query {
        let schema = match name {
            "limit" if operation.path != "/v1/admin/supervision" => {
                json!({ "type": kind, "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT })
            }
            "limit" => json!({ "type": kind, "minimum": 0, "maximum": 20_000 }),
            "received" => json!({ "type": kind, "minimum": 0 }),
            "where" => json!({ "type": kind, "examples": ["{\"mode\":\"duel\"}"] }),
            _ => json!({ "type": kind }),
        };
        parameters
            .push(json!({ "name": name, "in": "query", "description": meaning, "schema": schema }));
    }
    if operation.keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key with the same request does its work once; kept for 24 h",
            "schema": { "type": "string", "minLength": 1, "maxLength": 64 },
        }));
    }
    if operation.held {
        parameters.push(json!({
            "name": "If-None-Match", "in": "header", "description": "The `ETag` that is held",
            "schema": { "type": "string" },
        }));
    }
    parameters
}

fn in_path(name: &str) -> Value {
    let (meaning, schema) = match name {
        "player" => {
            let example = "01a21caa-0f1d-752b-b49d-8210ec860c32";
            (
                "The player's id",
                json!({ "type": "string", "format": "uuid", "examples": [example] }),
            )
        }
        "room" => {
            let example = "7K3QX9M2TD";
            let schema = json!({ "type": "string", "minLength": 10, "maxLength": 10, "examples": [example] });
            ("The room's code", schema)
        }
        _ => (name, json!({ "type": "string" })),
    };
    json!({ "name": name, "in": "path", "required": true, "description": meaning, "schema": schema })
}
