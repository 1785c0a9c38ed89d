//! From a game's view to a tree, through serde: one pass, each node written where it stays.

mod compound;

use serde::{Serialize, Serializer};

use self::compound::{Array, Object};
use super::{
    Built, View, ViewError, ViewFault,
    node::{Members, Node},
    text::Text,
    tuple::Tuple,
};
use crate::limits::{DEPTH_MAX, INTEGER_MAX};

/// Room that is made at once for what a `Serialize` says it will write; more grows as it comes.
const RESERVED_MAX: usize = 1_024;

pub(super) fn build<T: Serialize + ?Sized>(value: &T) -> Result<Built, ViewError> {
    let (mut root, mut not_finite) = (Node::Null, 0);
    let slot = AsNode { slot: &mut root, depth: DEPTH_MAX, not_finite: &mut not_finite };
    value.serialize(slot).map_err(|fault| *fault.0)?;
    match root {
        Node::Object(_) => Ok(Built { view: View { root }, not_finite }),
        _ => Err(ViewError { pointer: String::new(), fault: ViewFault::NotAnObject }),
    }
}

/// The error while it travels up. Boxed, so that the result of each node is one word.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Fault(Box<ViewError>);

impl Fault {
    #[cold]
    pub(super) fn here(fault: ViewFault) -> Fault {
        Fault(Box::new(ViewError { pointer: String::new(), fault }))
    }

    /// The same error, seen from the value that holds the faulty one as `key`.
    #[cold]
    fn within(mut self, key: impl std::fmt::Display) -> Fault {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        self.0.pointer.insert_str(0, &key);
        self.0.pointer.insert(0, '/');
        self
    }
}

impl serde::ser::Error for Fault {
    fn custom<T: std::fmt::Display>(message: T) -> Fault {
        Fault::here(ViewFault::Custom(message.to_string()))
    }
}

/// Makes one node, in its place: a node that is handed up and copied at each level costs more than to make it.
struct AsNode<'n> {
    /// Null until then.
    slot: &'n mut Node,
    /// How many levels may still follow.
    depth: usize,
    not_finite: &'n mut u32,
}

impl<'n> AsNode<'n> {
    fn is(self, node: Node) -> Result<(), Fault> {
        *self.slot = node;
        Ok(())
    }

    fn array(self, expected: usize) -> Result<Array<'n>, Fault> {
        let AsNode { slot, depth, not_finite } = self.below()?;
        *slot = Node::Tuple(Tuple::EMPTY);
        let expected = expected.min(RESERVED_MAX);
        Ok(Array { slot, depth, not_finite, expected, variant: None })
    }

    fn object(self, expected: usize) -> Result<Object<'n>, Fault> {
        let AsNode { slot, depth, not_finite } = self.below()?;
        *slot = Node::Object(Members::with_capacity(expected.min(RESERVED_MAX)));
        Ok(Object { slot, depth, not_finite, key: None, variant: None })
    }

    /// For what stands one level deeper.
    fn below(self) -> Result<AsNode<'n>, Fault> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(AsNode { depth, ..self }),
            None => Err(Fault::here(ViewFault::TooDeep)),
        }
    }
}

/// Makes a node `{"<variant>": node}`, as serde_json writes a variant that holds something.
fn wrap(slot: &mut Node, variant: &'static str) {
    *slot = match std::mem::replace(slot, Node::Null) {
        Node::Null => Node::Object(Members::new()),
        node => Node::Object(vec![(Text::new(variant), node)]),
    };
}

fn integer(value: impl Into<i128> + TryInto<i64> + Copy) -> Result<Node, Fault> {
    match value.try_into() {
        Ok(int) if int.unsigned_abs() <= INTEGER_MAX => Ok(Node::Int(int)),
        _ => Err(Fault::here(ViewFault::IntegerTooLarge(value.into()))),
    }
}

impl<'n> Serializer for AsNode<'n> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Array<'n>;
    type SerializeTuple = Array<'n>;
    type SerializeTupleStruct = Array<'n>;
    type SerializeTupleVariant = Array<'n>;
    type SerializeMap = Object<'n>;
    type SerializeStruct = Object<'n>;
    type SerializeStructVariant = Object<'n>;

    fn serialize_bool(self, v: bool) -> Result<(), Fault> {
        self.is(Node::Bool(v))
    }

    fn serialize_i8(self, v: i8) -> Result<(), Fault> {
        self.is(Node::Int(v.into()))
    }

    fn serialize_i16(self, v: i16) -> Result<(), Fault> {
        self.is(Node::Int(v.into()))
    }

    fn serialize_i32(self, v: i32) -> Result<(), Fault> {
        self.is(Node::Int(v.into()))
    }

    fn serialize_i64(self, v: i64) -> Result<(), Fault> {
        self.is(integer(v)?)
    }

    fn serialize_u8(self, v: u8) -> Result<(), Fault> {
        self.is(Node::Int(v.into()))
    }

    fn serialize_u16(self, v: u16) -> Result<(), Fault> {
        self.is(Node::Int(v.into()))
    }

    fn serialize_u32(self, v: u32) -> Result<(), Fault> {
        self.is(Node::Int(v.into()))
    }

    fn serialize_u64(self, v: u64) -> Result<(), Fault> {
        self.is(integer(v)?)
    }

    fn serialize_f32(self, v: f32) -> Result<(), Fault> {
        self.serialize_f64(v.into())
    }

    /// Null where it is not finite: members drop nulls, and in an array the others keep their places.
    fn serialize_f64(self, v: f64) -> Result<(), Fault> {
        if v.is_finite() {
            return self.is(Node::Float(v));
        }
        *self.not_finite += 1;
        Ok(())
    }

    fn serialize_char(self, v: char) -> Result<(), Fault> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<(), Fault> {
        self.is(Node::Text(Text::new(v)))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Fault> {
        Err(Fault::here(ViewFault::Bytes))
    }

    fn serialize_none(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Fault> {
        self.is(Node::Text(Text::new(variant)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        let AsNode { slot, depth, not_finite } = self.below()?;
        let inner = AsNode { slot: &mut *slot, depth, not_finite };
        value.serialize(inner).map_err(|fault| fault.within(variant))?;
        wrap(slot, variant);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Array<'n>, Fault> {
        self.array(len.unwrap_or(0))
    }

    fn serialize_tuple(self, len: usize) -> Result<Array<'n>, Fault> {
        self.array(len)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Array<'n>, Fault> {
        self.array(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Array<'n>, Fault> {
        Ok(Array { variant: Some(variant), ..self.below()?.array(len)? })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Object<'n>, Fault> {
        self.object(len.unwrap_or(0))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Object<'n>, Fault> {
        self.object(len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Object<'n>, Fault> {
        Ok(Object { variant: Some(variant), ..self.below()?.object(len)? })
    }
}
