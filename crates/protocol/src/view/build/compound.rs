//! Arrays and objects while they are being filled.

use serde::{Serialize, ser};

use super::{AsNode, Fault, wrap};
use crate::view::{ViewFault, key::AsKey, node::Node, text::Text, tuple};

pub(in crate::view) struct Array<'n> {
    /// A tuple or an array.
    pub(super) slot: &'n mut Node,
    pub(super) depth: usize,
    pub(super) not_finite: &'n mut u32,
    pub(super) expected: usize,
    pub(super) variant: Option<&'static str>,
}

pub(in crate::view) struct Object<'n> {
    /// An object.
    pub(super) slot: &'n mut Node,
    pub(super) depth: usize,
    pub(super) not_finite: &'n mut u32,
    /// Of a map: the key whose value comes next.
    pub(super) key: Option<Text>,
    pub(super) variant: Option<&'static str>,
}

impl Array<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let mut item = Node::Null;
        let slot = AsNode { slot: &mut item, depth: self.depth, not_finite: self.not_finite };
        value.serialize(slot).map_err(|fault| fault.within(tuple::len(self.slot)))?;
        tuple::push(self.slot, item, self.expected);
        Ok(())
    }

    fn done(self) -> Result<(), Fault> {
        if let Some(variant) = self.variant {
            wrap(self.slot, variant);
        }
        Ok(())
    }
}

impl Object<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, key: Text, value: &T) -> Result<(), Fault> {
        let Node::Object(members) = &mut *self.slot else { return Ok(()) };
        members.push((key, Node::Null));
        let Some((key, slot)) = members.last_mut() else { return Ok(()) };
        let inner = AsNode { slot, depth: self.depth, not_finite: self.not_finite };
        value.serialize(inner).map_err(|fault| fault.within(key))?;
        members.pop_if(|(_, node)| *node == Node::Null);
        Ok(())
    }

    fn done(self) -> Result<(), Fault> {
        let Node::Object(members) = &mut *self.slot else { return Ok(()) };
        // Most are in order already: maps of strings, and of seats below ten.
        if !members.is_sorted_by(|(a, _), (b, _)| a < b) {
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(Fault::here(ViewFault::Duplicate(pair[0].0.to_string())));
            }
        }
        if let Some(variant) = self.variant {
            wrap(self.slot, variant);
        }
        Ok(())
    }
}

impl ser::SerializeSeq for Array<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.item(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}

impl ser::SerializeTuple for Array<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.item(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}

impl ser::SerializeTupleStruct for Array<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.item(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}

impl ser::SerializeTupleVariant for Array<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.item(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.key = Some(key.serialize(AsKey)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        match self.key.take() {
            Some(key) => self.member(key, value),
            None => Err(ser::Error::custom("a value of a map without its key")),
        }
    }

    fn serialize_entry<K, V>(&mut self, key: &K, value: &V) -> Result<(), Fault>
    where
        K: Serialize + ?Sized,
        V: Serialize + ?Sized,
    {
        self.member(key.serialize(AsKey)?, value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.member(Text::new(key), value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}

impl ser::SerializeStructVariant for Object<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.member(Text::new(key), value)
    }

    fn end(self) -> Result<(), Fault> {
        self.done()
    }
}
