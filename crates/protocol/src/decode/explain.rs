//! The slower look at a frame that was refused: which member, what was expected, what came.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{
    DATA_DEPTH_MAX, DecodeError, Envelope,
    members::{kind, members, tree},
};
use crate::{Format, Request, WireError, limits::DEPTH_MAX};

const ENVELOPE: [&str; 3] = ["id", "type", "data"];
const WHOLE: &str = "an integer from 0 to 2^53-1";

/// What is wrong with `value` as a `T`. `pointer` is where the value stands in its envelope.
pub fn explain<T: DeserializeOwned>(pointer: &str, value: &Value) -> WireError {
    misshapen::<T>(pointer, value).unwrap_or_else(|| refused_otherwise(pointer))
}

/// For what the fast path refuses and the tree, where each member stands once, does not show.
fn refused_otherwise(pointer: &str) -> WireError {
    WireError::bad_request(pointer, "each member once", "one that comes twice")
}

fn misshapen<T: DeserializeOwned>(pointer: &str, value: &Value) -> Option<WireError> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    let mut place = String::new();
    for segment in error.path().iter() {
        match segment {
            Segment::Seq { index } => push(&mut place, &index.to_string()),
            Segment::Map { key } => push(&mut place, key),
            Segment::Enum { variant } => push(&mut place, variant),
            Segment::Unknown => {}
        }
    }
    Some(refused(pointer, place, value, &error.inner().to_string()))
}

/// Turns serde's sentence into the three members that the protocol promises.
fn refused(pointer: &str, mut place: String, value: &Value, sentence: &str) -> WireError {
    let sentence = sentence.split(" at line ").next().unwrap_or(sentence);
    if let Some(field) = quoted(sentence, "missing field `") {
        push(&mut place, field);
        return WireError::bad_request(&format!("{pointer}{place}"), "a value", "nothing");
    }
    if let Some(field) = quoted(sentence, "unknown field `") {
        // The path may or may not end with it already.
        if value.pointer(&place).is_some_and(|holder| holder.get(field).is_some()) {
            push(&mut place, field);
        }
        let expected = sentence.split_once("`, expected ").map_or("no such member", |(_, e)| e);
        let pointer = format!("{pointer}{place}");
        return WireError::bad_request(&pointer, expected, "an unknown member");
    }
    let pointer = format!("{pointer}{place}");
    // The path of a key, or into a variant, is not one that leads to a value.
    let got = value.pointer(&place).map_or_else(|| clip(sentence), described);
    match sentence.split_once(", expected ") {
        Some((_, expected)) => WireError::bad_request(&pointer, in_json(expected), &got),
        None => WireError::bad_request(&pointer, &clip(sentence), &got),
    }
}

/// The name that follows `start`, up to the next back-tick.
fn quoted<'a>(sentence: &'a str, start: &str) -> Option<&'a str> {
    sentence.strip_prefix(start)?.split('`').next()
}

/// serde's names for what it expects, in the words of JSON.
fn in_json(expected: &str) -> &str {
    match expected {
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "usize" => WHOLE,
        "a nonzero u32" => "an integer from 1 to 4294967295",
        "i8" => "an integer from -128 to 127",
        "i16" => "an integer from -32768 to 32767",
        "i32" => "an integer from -2147483648 to 2147483647",
        "i64" | "isize" => "an integer within 2^53-1 of zero",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

/// What is wrong with a request's `data`.
pub(super) fn data<T: DeserializeOwned>(format: Format, data: &[u8]) -> WireError {
    if data.is_empty() {
        return explain::<T>("/data", &Value::Object(Default::default()));
    }
    if kind(format, data) != "an object" {
        return WireError::bad_request("/data", "an object", kind(format, data));
    }
    match tree(format, data, DATA_DEPTH_MAX) {
        Ok(tree) => misshapen::<T>("/data", &tree)
            .or_else(|| twice("/data", &members(format, data)?, |_| true))
            .unwrap_or_else(|| refused_otherwise("/data")),
        Err(_) => unreadable("/data", format, data, DATA_DEPTH_MAX),
    }
}

/// What is wrong with a value that not both formats can carry.
pub(super) fn unreadable(pointer: &str, format: Format, value: &[u8], depth: usize) -> WireError {
    for (name, member) in members(format, value).unwrap_or_default() {
        if let Err(got) = tree(format, member, depth - 1) {
            let mut pointer = pointer.to_owned();
            push(&mut pointer, &name);
            return not_carried(&pointer, got);
        }
    }
    not_carried(pointer, tree(format, value, depth).err().unwrap_or("something else"))
}

fn not_carried(pointer: &str, got: &str) -> WireError {
    let expected = format!(
        "a value that JSON and MessagePack can both carry and that nests at most {DEPTH_MAX} deep"
    );
    WireError::bad_request(pointer, &expected, got)
}

/// Why a frame is not an envelope, or is one with something wrong in it.
pub(super) fn envelope(format: Format, frame: &[u8]) -> DecodeError {
    let no = |got: &str| DecodeError::NotAnEnvelope(format!("expected {got}"));
    let Some(members) = members(format, frame) else {
        return match (format, kind(format, frame)) {
            (Format::Json, "an object") => no("one object in JSON, got something malformed"),
            (Format::MsgPack, "an object") => no("one map in MessagePack, got something malformed"),
            (_, kind) => no(&format!("an object, got {kind}")),
        };
    };
    let member = |name| members.iter().find(|(member, _)| member == name).map(|(_, value)| *value);
    let Some(request) = member("type") else {
        return no("a string as type, got nothing");
    };
    let request = match tree(format, request, 0) {
        Ok(Value::String(request)) => request,
        Err(got) if kind(format, request) == "a string" => {
            return no(&format!("a string in UTF-8 as type, got {got}"));
        }
        _ => return no(&format!("a string as type, got {}", kind(format, request))),
    };
    let id = member("id").map(|id| tree(format, id, 0).ok());
    let whole = match &id {
        Some(Some(id)) => serde_json::from_value::<Option<super::data::Whole>>(id.clone()).ok(),
        Some(None) => None,
        None => Some(None),
    };
    let error = if let Some(error) = twice("", &members, |name| ENVELOPE.contains(&name)) {
        error
    } else if whole.is_none() {
        let got = member("id").map_or("nothing", |id| kind(format, id)).to_owned();
        let got = id.flatten().as_ref().map_or(got, described);
        WireError::bad_request("/id", WHOLE, &got)
    } else {
        within(format, frame, member("data"))
    };
    refuse(whole.flatten().map(|whole| whole.0), &request, error)
}

/// What is wrong with an envelope whose own members are right.
fn within(format: Format, frame: &[u8], data: Option<&[u8]>) -> WireError {
    match data {
        Some(data) if tree(format, data, DATA_DEPTH_MAX).is_err() => {
            unreadable("/data", format, data, DATA_DEPTH_MAX)
        }
        _ => not_carried("", tree(format, frame, usize::MAX).err().unwrap_or("something else")),
    }
}

/// A refusal of what the client called `request`.
pub(super) fn refuse(id: Option<u64>, request: &str, error: WireError) -> DecodeError {
    let counted = Request::counts(request);
    DecodeError::Refused { id, request: clip(request), counted, error }
}

/// Members that the protocol does not know.
pub(super) fn unknown_members(
    format: Format,
    frame: &[u8],
    envelope: &Envelope<'_>,
) -> Result<(), WireError> {
    let known = Request::TYPES.iter().find(|(name, _)| *name == envelope.kind);
    unknown_member("", format, frame, &ENVELOPE)?;
    match known {
        Some((_, known)) => unknown_member("/data", format, envelope.data, known),
        None => Ok(()),
    }
}

fn unknown_member(
    pointer: &str,
    format: Format,
    object: &[u8],
    known: &[&str],
) -> Result<(), WireError> {
    let members = members(format, object).unwrap_or_default();
    let Some((unknown, _)) = members.iter().find(|(name, _)| !known.contains(&name.as_str()))
    else {
        return Ok(());
    };
    let mut pointer = pointer.to_owned();
    push(&mut pointer, unknown);
    let expected = format!("one of {}", known.join(", "));
    Err(WireError::bad_request(&pointer, &expected, "an unknown member"))
}

/// The first member that comes again, of those that matter.
fn twice(
    pointer: &str,
    members: &[(String, &[u8])],
    matters: impl Fn(&str) -> bool,
) -> Option<WireError> {
    let mut seen = HashSet::new();
    let (name, _) =
        members.iter().find(|(name, _)| matters(name) && !seen.insert(name.as_str()))?;
    let mut pointer = pointer.to_owned();
    push(&mut pointer, name);
    Some(WireError::bad_request(&pointer, "the member once", "the same member twice"))
}

/// Appends a segment to a JSON pointer (RFC 6901).
fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    pointer.push_str(&clip(segment).replace('~', "~0").replace('/', "~1"));
}

/// What came: small values as they are, others by their kind.
fn described(value: &Value) -> String {
    match value {
        Value::String(text) => clip(&format!("{:?}", clip(text))),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".into(),
        small => small.to_string(),
    }
}

/// At most 64 characters of what came, so that an answer does not grow with the question.
pub(super) fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}
