//! Views from outside: what they are made from, how they change, how many bytes that takes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod budget;
mod building;
mod patching;

use gamev1_protocol::view::View;
use serde::Serialize;

fn view<T: Serialize>(value: &T) -> View {
    let built = View::of(value).unwrap();
    assert_eq!(built.not_finite, 0);
    built.view
}

fn json(view: &View) -> String {
    let mut bytes = Vec::new();
    view.write_json(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn msgpack(view: &View) -> Vec<u8> {
    let mut bytes = Vec::new();
    view.write_msgpack(&mut bytes);
    bytes
}
