//! Trees as bytes.

use super::{node::Node, text::Text};
use crate::{encode::decimal, msgpack::write as mp};

pub(super) fn json(node: &Node, bytes: &mut Vec<u8>) {
    match node {
        Node::Null => bytes.extend_from_slice(b"null"),
        Node::Bool(value) => bytes.extend_from_slice(if *value { b"true" } else { b"false" }),
        Node::Int(value) => decimal(bytes, *value),
        Node::Float(value) => json_float(*value, bytes),
        Node::Text(text) => json_string(text, bytes),
        Node::Tuple(tuple) => {
            json_list(tuple.as_slice(), bytes, b"[]", |&value, bytes| decimal(bytes, value));
        }
        Node::Array(items) => json_list(items, bytes, b"[]", json),
        Node::Object(members) => json_list(members, bytes, b"{}", |(key, member), bytes| {
            json_string(key, bytes);
            bytes.push(b':');
            json(member, bytes);
        }),
    }
}

fn json_list<T>(
    items: &[T],
    bytes: &mut Vec<u8>,
    [open, close]: &[u8; 2],
    write: impl Fn(&T, &mut Vec<u8>),
) {
    bytes.push(*open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        write(item, bytes);
    }
    bytes.push(*close);
}

/// 1.0 is written as `1.0`, so that it reads as a float in both formats.
fn json_float(value: f64, bytes: &mut Vec<u8>) {
    // Writing into a vector does not fail.
    let _ = serde_json::to_writer(bytes, &value);
}

fn json_string(text: &Text, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.push(b'"');
    text.append_to(bytes);
    let plain = |&byte: &u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if bytes[start + 1..].iter().all(plain) {
        bytes.push(b'"');
        return;
    }
    bytes.truncate(start);
    // Writing into a vector does not fail.
    let _ = text.with(|text| serde_json::to_writer(bytes, text));
}

pub(super) fn msgpack(node: &Node, bytes: &mut Vec<u8>) {
    match node {
        Node::Null => bytes.push(0xc0),
        Node::Bool(value) => bytes.push(if *value { 0xc3 } else { 0xc2 }),
        Node::Int(value) => mp::int(bytes, *value),
        Node::Float(value) => mp::float(bytes, *value),
        Node::Text(text) => msgpack_string(text, bytes),
        Node::Tuple(tuple) => {
            mp::array(bytes, tuple.as_slice().len());
            tuple.as_slice().iter().for_each(|&value| mp::int(bytes, value.into()));
        }
        Node::Array(items) => {
            mp::array(bytes, items.len());
            items.iter().for_each(|item| msgpack(item, bytes));
        }
        Node::Object(members) => {
            mp::map(bytes, members.len());
            for (key, member) in members {
                msgpack_string(key, bytes);
                msgpack(member, bytes);
            }
        }
    }
}

fn msgpack_string(text: &Text, bytes: &mut Vec<u8>) {
    mp::string_head(bytes, text.len());
    text.append_to(bytes);
}
