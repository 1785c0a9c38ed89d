//! What members of a room see: a tree that is built from a game's view, compared with an earlier one, and written
//! in either format. The patches are JSON Merge Patch (RFC 7396), made safe: null in one only ever means *gone*.

mod build;
mod key;
mod merge;
mod node;
mod text;
mod tuple;
mod write;

use serde::Serialize;
use serde_json::Value;

use self::node::Node;

/// A view, or a patch from one view to another.
///
/// What [`View::of`] makes is an object without a null member, however deep; a patch has null members where
/// something is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    root: Node,
}

/// A view as built, and what had to be left out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    pub view: View,
    /// Numbers that are not finite: left out of objects, null in arrays. More than none is a fault of the game.
    pub not_finite: u32,
}

/// A value that cannot be a view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", if .pointer.is_empty() { "the view" } else { .pointer.as_str() })]
pub struct ViewError {
    /// JSON pointer (RFC 6901) to the value that is at fault.
    pub pointer: String,
    pub fault: ViewFault,
}

/// What is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewFault {
    #[error("expected an object, got something else")]
    NotAnObject,
    #[error("expected an integer within 2^53-1 of zero, got {0}")]
    IntegerTooLarge(i128),
    #[error("expected a value that nests at most {} deep", crate::limits::DEPTH_MAX)]
    TooDeep,
    #[error("expected no bytes: a view holds what JSON can hold")]
    Bytes,
    #[error("expected a string or an integer as the key of a map, got {0}")]
    Key(&'static str),
    #[error("expected each member once, got {0:?} twice")]
    Duplicate(String),
    /// The value's own `Serialize` failed.
    #[error("{0}")]
    Custom(String),
}

impl View {
    /// The view as a tree. Object members that are null are left out.
    ///
    /// # Errors
    /// The value is no object, or holds something that the wire cannot carry.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Built, ViewError> {
        build::build(value)
    }

    /// The patch from `old` to `new`, or `None` when nothing changed.
    pub fn diff(old: &View, new: &View) -> Option<View> {
        merge::diff(&old.root, &new.root).map(|root| View { root })
    }

    /// Changes the view as `patch` says, as clients do.
    pub fn apply(&mut self, patch: &View) {
        merge::apply(&mut self.root, &patch.root);
    }

    /// Appends the view as JSON.
    pub fn write_json(&self, bytes: &mut Vec<u8>) {
        write::json(&self.root, bytes);
    }

    /// Appends the view as MessagePack: each number in its shortest form, keys as strings.
    pub fn write_msgpack(&self, bytes: &mut Vec<u8>) {
        write::msgpack(&self.root, bytes);
    }

    /// The view as `serde_json` has it: for what is not on the hot path.
    pub fn to_value(&self) -> Value {
        self.root.to_value()
    }
}

/// Takes over any value as it is, null members too: a patch that came over the wire.
impl From<&Value> for View {
    fn from(value: &Value) -> View {
        View { root: Node::from_value(value) }
    }
}
