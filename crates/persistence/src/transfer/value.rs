//! A value on its way from one engine to another, and how it stands in a file.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::tables::{Kind, Table};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Uuid(uuid::Uuid),
    Text(String),
    Bool(bool),
    Int(i64),
    Bytes(Vec<u8>),
}

/// UUIDs as their text, bytes in base64url without padding, everything else as JSON has it.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_none(),
            Value::Uuid(id) => id.serialize(serializer),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bool(bool) => serializer.serialize_bool(*bool),
            Value::Int(int) => serializer.serialize_i64(*int),
            Value::Bytes(bytes) => serializer.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes)),
        }
    }
}

/// A row of the table as it stands in a file.
pub(super) fn read_row(table: &Table, line: &[u8]) -> Result<Vec<Value>, String> {
    let row: Vec<Json> = serde_json::from_slice(line).map_err(|_| "it is no row".to_owned())?;
    if row.len() != table.columns.len() {
        return Err(format!("a row of {} has {} columns", table.name, table.columns.len()));
    }
    let each = row.into_iter().zip(table.columns);
    let each = each.map(|(json, (column, kind))| {
        read(json, *kind).ok_or_else(|| format!("{}.{column} is none", table.name))
    });
    each.collect()
}

fn read(json: Json, kind: Kind) -> Option<Value> {
    Some(match (kind, json) {
        (_, Json::Null) => Value::Null,
        (Kind::Uuid, Json::String(text)) => Value::Uuid(text.parse().ok()?),
        (Kind::Text, Json::String(text)) => Value::Text(text),
        (Kind::Bool, Json::Bool(bool)) => Value::Bool(bool),
        (Kind::Int4, Json::Number(int)) => Value::Int(i32::try_from(int.as_i64()?).ok()?.into()),
        (Kind::Int8, Json::Number(int)) => Value::Int(int.as_i64()?),
        (Kind::Bytes, Json::String(text)) => {
            Value::Bytes(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        name: "things",
        key: 1,
        columns: &[
            ("id", Kind::Uuid),
            ("name", Kind::Text),
            ("good", Kind::Bool),
            ("seat", Kind::Int4),
            ("at_ms", Kind::Int8),
            ("hash", Kind::Bytes),
        ],
    };

    #[test]
    fn each_kind_of_value_comes_back_from_its_line() {
        let row = vec![
            Value::Uuid(uuid::Uuid::from_u128(7)),
            Value::Text("Ada \"\u{1F3B2}\"\n\u{0}".to_owned()),
            Value::Bool(true),
            Value::Int(i64::from(i32::MIN)),
            Value::Int(i64::MAX),
            Value::Bytes((0..=255).collect()),
        ];
        let line = serde_json::to_vec(&row).unwrap();
        assert!(!line.contains(&b'\n'));
        assert_eq!(read_row(&TABLE, &line).unwrap(), row);
        let nothing = vec![Value::Null; 6];
        let line = serde_json::to_vec(&nothing).unwrap();
        assert_eq!(read_row(&TABLE, &line).unwrap(), nothing);
    }

    #[test]
    fn a_value_of_another_kind_is_none() {
        for wrong in [
            r#"["seven",null,null,null,null,null]"#,
            r#"[null,7,null,null,null,null]"#,
            r#"[null,null,1,null,null,null]"#,
            r#"[null,null,null,2147483648,null,null]"#,
            r#"[null,null,null,null,9223372036854775808,null]"#,
            r#"[null,null,null,null,1.5,null]"#,
            r#"[null,null,null,null,null,"A"]"#,
            r#"[null,null,null,null,null]"#,
            r#"[null,null,null,null,null,null,null]"#,
            "[null",
        ] {
            assert!(read_row(&TABLE, wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
