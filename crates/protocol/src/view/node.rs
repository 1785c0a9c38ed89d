//! The tree itself. Objects are vectors sorted by key, so that comparing two of them is one walk over both.

use serde_json::{Map, Value};

use super::{
    text::Text,
    tuple::{self, Tuple},
};

/// Sorted by key, each key once.
pub(super) type Members = Vec<(Text, Node)>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// Always finite.
    Float(f64),
    Text(Text),
    /// Every array that fits into it.
    Tuple(Tuple),
    /// Every other array.
    Array(Vec<Node>),
    Object(Members),
}

impl Node {
    pub(super) fn to_value(&self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::from(*value),
            Node::Int(value) => Value::from(*value),
            Node::Float(value) => Value::from(*value),
            Node::Text(text) => Value::from(text.to_string()),
            Node::Tuple(tuple) => tuple.as_slice().iter().copied().map(Value::from).collect(),
            Node::Array(items) => items.iter().map(Node::to_value).collect(),
            Node::Object(members) => {
                let member = |(key, node): &(Text, Node)| (key.to_string(), node.to_value());
                Value::Object(members.iter().map(member).collect::<Map<_, _>>())
            }
        }
    }

    pub(super) fn from_value(value: &Value) -> Node {
        match value {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => Node::Int(value),
                None => number.as_f64().filter(|f| f.is_finite()).map_or(Node::Null, Node::Float),
            },
            Value::String(text) => Node::Text(Text::new(text)),
            Value::Array(items) => {
                let mut array = Node::Tuple(Tuple::EMPTY);
                for item in items {
                    tuple::push(&mut array, Node::from_value(item), items.len());
                }
                array
            }
            Value::Object(members) => {
                let member =
                    |(key, value): (&String, &Value)| (Text::new(key), Node::from_value(value));
                let mut members: Members = members.iter().map(member).collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                Node::Object(members)
            }
        }
    }
}
