//! Keys of maps: strings, or what has one plain way to be written as a string.

use serde::{Serialize, Serializer, ser::Impossible};

use super::{ViewFault, build::Fault, text::Text};

/// The key as text: integers in decimal, newtypes as what they hold, unit variants by name.
pub(super) struct AsKey;

fn refused(got: &'static str) -> Fault {
    Fault::here(ViewFault::Key(got))
}

impl Serializer for AsKey {
    type Ok = Text;
    type Error = Fault;
    type SerializeSeq = Impossible<Text, Fault>;
    type SerializeTuple = Impossible<Text, Fault>;
    type SerializeTupleStruct = Impossible<Text, Fault>;
    type SerializeTupleVariant = Impossible<Text, Fault>;
    type SerializeMap = Impossible<Text, Fault>;
    type SerializeStruct = Impossible<Text, Fault>;
    type SerializeStructVariant = Impossible<Text, Fault>;

    fn serialize_bool(self, v: bool) -> Result<Text, Fault> {
        Ok(Text::new(if v { "true" } else { "false" }))
    }

    fn serialize_i8(self, v: i8) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_i16(self, v: i16) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_i32(self, v: i32) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_i64(self, v: i64) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_u8(self, v: u8) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_u16(self, v: u16) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_u32(self, v: u32) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_u64(self, v: u64) -> Result<Text, Fault> {
        Ok(Text::decimal(v.into()))
    }

    fn serialize_f32(self, _: f32) -> Result<Text, Fault> {
        Err(refused("a float"))
    }

    fn serialize_f64(self, _: f64) -> Result<Text, Fault> {
        Err(refused("a float"))
    }

    fn serialize_char(self, v: char) -> Result<Text, Fault> {
        Ok(Text::new(v.encode_utf8(&mut [0; 4])))
    }

    fn serialize_str(self, v: &str) -> Result<Text, Fault> {
        Ok(Text::new(v))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Text, Fault> {
        Err(refused("bytes"))
    }

    fn serialize_none(self) -> Result<Text, Fault> {
        Err(refused("nothing"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Text, Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Text, Fault> {
        Err(refused("a unit"))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Text, Fault> {
        Err(refused("a unit"))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Text, Fault> {
        Ok(Text::new(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Text, Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Text, Fault> {
        Err(refused("a variant with a value"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Fault> {
        Err(refused("a sequence"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Fault> {
        Err(refused("a tuple"))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Fault> {
        Err(refused("a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Fault> {
        Err(refused("a variant with a value"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Fault> {
        Err(refused("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Fault> {
        Err(refused("a struct"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Fault> {
        Err(refused("a variant with a value"))
    }
}
