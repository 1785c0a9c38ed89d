//! From a game's own types to a view.

use std::collections::{BTreeMap, HashMap};

use gamev1_protocol::{
    Seat,
    limits::DEPTH_MAX,
    view::{View, ViewError, ViewFault},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{json, msgpack, view};

#[derive(Serialize)]
enum Kind {
    Unit,
    New(u8),
    Nothing(Option<u8>),
    Pair(u8, &'static str),
    Named { x: i16, gone: Option<u8> },
}

#[derive(Serialize)]
struct Meters(f64);

#[derive(Serialize)]
struct Everything {
    ships: BTreeMap<Seat, (i32, i32, u16)>,
    kinds: Vec<Kind>,
    height: Meters,
    missing: Option<u8>,
    present: Option<&'static str>,
    unit: (),
    holes: [Option<u8>; 3],
    letter: char,
    by_sign: HashMap<i8, bool>,
    wide: u64,
    deep: i64,
}

#[test]
fn a_view_is_what_serde_json_would_make_of_it_without_nulls() {
    let everything = Everything {
        ships: [(Seat(2), (-1, 2, 3)), (Seat(10), (4, 5, 6)), (Seat(1), (7, 8, 9))].into(),
        kinds: vec![
            Kind::Unit,
            Kind::New(1),
            Kind::Nothing(None),
            Kind::Pair(2, "two"),
            Kind::Named { x: -3, gone: None },
        ],
        height: Meters(1.5),
        missing: None,
        present: Some("here"),
        unit: (),
        holes: [None, Some(1), None],
        letter: 'é',
        by_sign: [(-1, true), (1, false)].into(),
        wide: (1 << 53) - 1,
        deep: -(1 << 53) + 1,
    };
    let expected = json!({
        "ships": { "2": [-1, 2, 3], "10": [4, 5, 6], "1": [7, 8, 9] },
        "kinds": ["Unit", { "New": 1 }, {}, { "Pair": [2, "two"] }, { "Named": { "x": -3 } }],
        "height": 1.5,
        "present": "here",
        "holes": [null, 1, null],
        "letter": "é",
        "by_sign": { "-1": true, "1": false },
        "wide": 9_007_199_254_740_991_i64,
        "deep": -9_007_199_254_740_991_i64,
    });
    let built = view(&everything);
    assert_eq!(built.to_value(), expected);
    assert_eq!(serde_json::from_str::<Value>(&json(&built)).unwrap(), expected);
    assert_eq!(rmp_serde::from_slice::<Value>(&msgpack(&built)).unwrap(), expected);
}

#[test]
fn numbers_that_are_not_finite_are_left_out_and_counted() {
    let view = json!({ "a": 1 });
    assert_eq!(View::of(&view).unwrap().not_finite, 0);
    let wild: BTreeMap<_, _> = [("a", f64::NAN), ("b", 1.0), ("c", f64::INFINITY)].into();
    let built = View::of(&wild).unwrap();
    assert_eq!((json(&built.view).as_str(), built.not_finite), (r#"{"b":1.0}"#, 2));
    let tuple: BTreeMap<_, _> = [("a", (f32::NEG_INFINITY, 2))].into();
    let built = View::of(&tuple).unwrap();
    assert_eq!((json(&built.view).as_str(), built.not_finite), (r#"{"a":[null,2]}"#, 1));
}

#[test]
fn floats_read_the_same_in_both_formats() {
    let floats = [1.0, -0.0, 0.1, 1.5, 1e300, 5e-324, f64::from(0.1_f32), f64::MAX, 16_777_217.0];
    let built = view(&json!({ "f": floats }));
    let read: BTreeMap<String, Vec<f64>> = rmp_serde::from_slice(&msgpack(&built)).unwrap();
    let text = json(&built);
    let list = text.strip_prefix(r#"{"f":["#).and_then(|list| list.strip_suffix("]}")).unwrap();
    let parsed: Vec<f64> = list.split(',').map(|number| number.parse().unwrap()).collect();
    assert_eq!(read["f"], floats);
    assert_eq!(parsed, floats);
}

#[test]
fn messagepack_takes_as_few_bytes_as_the_number_needs() {
    for (number, bytes) in [
        (json!(127), 1),
        (json!(-32), 1),
        (json!(128), 2),
        (json!(-33), 2),
        (json!(256), 3),
        (json!(-129), 3),
        (json!(65_536), 5),
        (json!(4_294_967_296_u64), 9),
        (json!(0.5), 5),
        (json!(0.1), 9),
    ] {
        assert_eq!(msgpack(&view(&json!({ "a": number }))).len(), 3 + bytes, "{number}");
    }
}

#[track_caller]
fn assert_fault<T: Serialize>(value: &T, pointer: &str, fault: ViewFault) {
    assert_eq!(View::of(value), Err(ViewError { pointer: pointer.into(), fault }));
}

#[test]
fn what_no_client_could_read_is_an_error_that_says_where() {
    let too_large = 1_u64 << 53;
    let at = |value: Value| json!({ "ships": { "7": [0, value] } });
    let fault = ViewFault::IntegerTooLarge(too_large.into());
    assert_fault(&at(json!(too_large)), "/ships/7/1", fault);
    assert_fault(&at(json!(u64::MAX)), "/ships/7/1", ViewFault::IntegerTooLarge(u64::MAX.into()));
    assert_fault(&at(json!(i64::MIN)), "/ships/7/1", ViewFault::IntegerTooLarge(i64::MIN.into()));
    assert_fault(&json!([1]), "", ViewFault::NotAnObject);
    assert_fault(&Kind::Unit, "", ViewFault::NotAnObject);
    let floats: HashMap<(), u8> = [((), 1)].into();
    assert_fault(&floats, "", ViewFault::Key("a unit"));
    let error = View::of(&at(json!(too_large))).unwrap_err().to_string();
    assert_eq!(
        error,
        "/ships/7/1: expected an integer within 2^53-1 of zero, got 9007199254740992"
    );
}

struct Blob;

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(b"blob")
    }
}

struct Twice;

impl Serialize for Twice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("b", 1), ("a", 2), ("b", 3)])
    }
}

#[test]
fn bytes_and_doubled_members_are_errors() {
    let bytes: BTreeMap<_, _> = [("a/b", [Blob])].into();
    assert_fault(&bytes, "/a~1b/0", ViewFault::Bytes);
    let twice: BTreeMap<_, _> = [("a", Twice)].into();
    assert_fault(&twice, "/a", ViewFault::Duplicate("b".into()));
}

#[test]
fn a_view_nests_to_the_bound_and_no_deeper() {
    let nested = |n: usize| (1..n).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert!(View::of(&nested(DEPTH_MAX)).is_ok());
    let pointer = "/a".repeat(DEPTH_MAX);
    assert_fault(&nested(DEPTH_MAX + 1), &pointer, ViewFault::TooDeep);
}

#[test]
fn members_are_written_in_one_order_whatever_order_they_came_in() {
    let forwards = view(&json!({ "a": 1, "b": 2, "c": 3 }));
    struct Backwards;
    impl Serialize for Backwards {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("c", 3), ("b", 2), ("a", 1)])
        }
    }
    assert_eq!(view(&Backwards), forwards);
    assert_eq!(json(&view(&Backwards)), r#"{"a":1,"b":2,"c":3}"#);
}
