//! JSON Merge Patch, by the examples of its RFC and by the cases that are easy to get wrong.

use gamev1_protocol::view::View;
use serde_json::{Value, json};

use super::{json, view};

#[test]
fn patches_apply_as_in_appendix_a_of_rfc_7396() {
    for (target, patch, result) in [
        (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
        (json!({"a":"b"}), json!({"a":null}), json!({})),
        (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
        (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
        (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
        (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a":"b"}), json!(["c"]), json!(["c"])),
        (json!({"a":"foo"}), json!(null), json!(null)),
        (json!({"a":"foo"}), json!("bar"), json!("bar")),
        (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
        (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
        (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
    ] {
        let mut view = View::from(&target);
        view.apply(&View::from(&patch));
        assert_eq!(view.to_value(), result, "{target} with {patch}");
    }
}

#[track_caller]
fn assert_patch(old: Value, new: Value, patch: Option<Value>) {
    let (old, new) = (view(&old), view(&new));
    let diff = View::diff(&old, &new);
    assert_eq!(diff.as_ref().map(View::to_value), patch);
    let mut held = old;
    if let Some(diff) = &diff {
        held.apply(diff);
    }
    assert_eq!(held, new);
}

#[test]
fn a_patch_has_what_changed_and_no_more() {
    assert_patch(json!({ "a": 1 }), json!({ "a": 1 }), None);
    assert_patch(json!({}), json!({}), None);
    assert_patch(json!({ "a": 1, "b": 2 }), json!({ "a": 1, "b": 3 }), Some(json!({ "b": 3 })));
    assert_patch(
        json!({ "b": 1 }),
        json!({ "a": 1, "c": 1 }),
        Some(json!({ "a": 1, "b": null, "c": 1 })),
    );
    assert_patch(
        json!({ "ships": { "1": [1, 2], "2": [3, 4], "30": [5] }, "same": { "deep": [0] } }),
        json!({ "ships": { "1": [1, 3], "2": [3, 4], "4": [5] }, "same": { "deep": [0] } }),
        Some(json!({ "ships": { "1": [1, 3], "30": null, "4": [5] } })),
    );
}

#[test]
fn null_in_an_array_is_a_value_and_the_array_is_replaced_whole() {
    assert_patch(json!({ "a": [1, null] }), json!({ "a": [null] }), Some(json!({ "a": [null] })));
    assert_patch(
        json!({ "a": [{ "b": 1, "c": 2 }] }),
        json!({ "a": [{ "b": 1, "c": null }] }),
        Some(json!({ "a": [{ "b": 1 }] })),
    );
}

#[test]
fn an_object_in_place_of_another_takes_out_what_is_not_in_it() {
    assert_patch(
        json!({ "a": { "b": 1 } }),
        json!({ "a": {} }),
        Some(json!({ "a": { "b": null } })),
    );
    assert_patch(
        json!({ "a": { "b": { "c": 1, "d": 1 } } }),
        json!({ "a": { "b": { "d": 1 }, "e": {} } }),
        Some(json!({ "a": { "b": { "c": null }, "e": {} } })),
    );
}

#[test]
fn an_object_and_something_else_replace_each_other_whole() {
    for other in [json!(1), json!("x"), json!([{ "b": 1 }]), json!(false)] {
        let object = json!({ "a": { "b": { "c": 1 } } });
        let scalar = json!({ "a": other });
        assert_patch(object.clone(), scalar.clone(), Some(scalar.clone()));
        assert_patch(scalar.clone(), object.clone(), Some(object));
        assert_patch(scalar.clone(), json!({ "a": {} }), Some(json!({ "a": {} })));
        assert_patch(scalar, json!({ "a": null }), Some(json!({ "a": null })));
    }
}

#[test]
fn a_member_that_becomes_null_is_gone() {
    assert_patch(json!({ "a": 1 }), json!({ "a": null }), Some(json!({ "a": null })));
    assert_patch(json!({ "a": null }), json!({}), None);
}

#[test]
fn one_and_one_point_nought_are_told_apart_as_both_formats_do() {
    let patch = View::diff(&view(&json!({ "a": 1 })), &view(&json!({ "a": 1.0 }))).unwrap();
    assert_eq!(json(&patch), r#"{"a":1.0}"#);
}
