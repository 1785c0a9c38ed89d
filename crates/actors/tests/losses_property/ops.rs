//! What may happen to a room, and what it may die of. Members are meant by their place among those who sit.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::Then;

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Join,
    Leave(usize),
    Input(usize, Value),
    Dropped(usize),
    Tick,
    /// Ticks until the room has made its next checkpoint.
    Checkpoint,
    Crash(Crash),
}

/// What panics next.
#[derive(Debug, Clone)]
pub(crate) enum Crash {
    Input(usize),
    Join,
    Leave(usize),
    Tick,
    TickTwice,
    /// And what fails while the room goes back.
    View(Option<Then>),
    Checkpoint,
    Restore,
    Own(usize),
    Order,
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let who = 0usize..5;
    let value = prop_oneof![4 => (0i64..50).prop_map(Value::from), 1 => Just(json!(-1)), 1 => Just(json!("x"))];
    prop_oneof![
        4 => Just(Op::Join),
        3 => who.clone().prop_map(Op::Leave),
        12 => (who.clone(), value).prop_map(|(who, value)| Op::Input(who, value)),
        1 => who.prop_map(Op::Dropped),
        5 => Just(Op::Tick),
        2 => Just(Op::Checkpoint),
        8 => crash().prop_map(Op::Crash),
    ]
}

fn crash() -> impl Strategy<Value = Crash> {
    let who = 0usize..5;
    let then = prop_oneof![Just(Then::Leave), Just(Then::Join), Just(Then::Restore)];
    prop_oneof![
        3 => who.clone().prop_map(Crash::Input),
        1 => Just(Crash::Join),
        1 => who.clone().prop_map(Crash::Leave),
        2 => Just(Crash::Tick),
        2 => Just(Crash::TickTwice),
        2 => Just(Crash::View(None)),
        2 => then.prop_map(|then| Crash::View(Some(then))),
        1 => Just(Crash::Checkpoint),
        1 => Just(Crash::Restore),
        2 => who.prop_map(Crash::Own),
        1 => Just(Crash::Order),
    ]
}
