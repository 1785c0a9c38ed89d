//! What holds for every message and every view, not only for those that somebody thought of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod frames;
mod views;

use gamev1_protocol::Format;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// The two frames of one value.
fn encoded(format: Format, value: &Value) -> Vec<u8> {
    match format {
        Format::Json => serde_json::to_vec(value).unwrap(),
        Format::MsgPack => rmp_serde::to_vec_named(value).unwrap(),
    }
}

fn tree(format: Format, bytes: &[u8]) -> Value {
    match format {
        Format::Json => serde_json::from_slice(bytes).unwrap(),
        Format::MsgPack => rmp_serde::from_slice(bytes).unwrap(),
    }
}

/// Any value, nulls included. Keys come from few, so that two values have some in common.
fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(key(), member, 0..6)
        .prop_map(|members| members.into_iter().collect())
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["0", "1", "2", "10", "a", "b", ""]).prop_map(str::to_owned),
        1 => ".{0,30}",
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    let whole = (1_i64 << 53) - 1;
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..300).prop_map(Value::from),
        (-whole..=whole).prop_map(Value::from),
        // What every reader of JSON takes for the same number, to the last bit.
        any::<i32>().prop_map(|thousandths| Value::from(f64::from(thousandths) / 1_000.0)),
        ".{0,40}".prop_map(Value::from),
    ]
}
