//! Snapshot plus patches is the view, whoever reads it.

use gamev1_protocol::{Format, view::View};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{object, tree, value};

fn view_of(value: &Value) -> View {
    View::of(value).unwrap().view
}

fn written(format: Format, view: &View) -> Value {
    let mut bytes = Vec::new();
    match format {
        Format::Json => view.write_json(&mut bytes),
        Format::MsgPack => view.write_msgpack(&mut bytes),
    }
    tree(format, &bytes)
}

/// `MergePatch` of RFC 7396, as it stands there.
fn merge(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut members = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            let member = members.remove(name).unwrap_or(Value::Null);
            members.insert(name.clone(), merge(member, change));
        }
    }
    Value::Object(members)
}

/// The value without null members.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(stripped).collect(),
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, member)| !member.is_null());
            Value::Object(kept.map(|(name, member)| (name.clone(), stripped(member))).collect())
        }
        scalar => scalar.clone(),
    }
}

fn views() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(object(value()).prop_map(Value::Object), 2..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_is_the_view_without_its_nulls_in_both_formats(view in object(value())) {
        let view = Value::Object(view);
        for format in Format::ALL {
            prop_assert_eq!(written(format, &view_of(&view)), stripped(&view));
        }
        prop_assert_eq!(view_of(&view).to_value(), stripped(&view));
    }

    #[test]
    fn a_snapshot_plus_patches_is_the_view_in_both_formats(views in views()) {
        for format in Format::ALL {
            let mut held = written(format, &view_of(&views[0]));
            for pair in views.windows(2) {
                let (old, new) = (view_of(&pair[0]), view_of(&pair[1]));
                match View::diff(&old, &new) {
                    Some(patch) => held = merge(held, &written(format, &patch)),
                    None => prop_assert_eq!(&old, &new),
                }
                prop_assert_eq!(&held, &stripped(&pair[1]));
            }
        }
    }

    #[test]
    fn a_client_in_rust_comes_to_the_same_view(views in views()) {
        let mut held = view_of(&views[0]);
        for pair in views.windows(2) {
            let (old, new) = (view_of(&pair[0]), view_of(&pair[1]));
            let Some(patch) = View::diff(&old, &new) else { continue };
            held.apply(&View::from(&written(Format::Json, &patch)));
            prop_assert_eq!(&held, &new);
        }
    }

    #[test]
    fn equal_views_have_no_patch_and_different_ones_have(old in object(value()), new in object(value())) {
        let (old, new) = (view_of(&Value::Object(old)), view_of(&Value::Object(new)));
        prop_assert_eq!(View::diff(&old, &old.clone()), None);
        prop_assert_eq!(View::diff(&old, &new).is_none(), old == new);
    }

    #[test]
    fn any_patch_applies_as_the_rfc_says(target in value(), patch in value()) {
        let mut view = View::from(&target);
        view.apply(&View::from(&patch));
        prop_assert_eq!(view.to_value(), merge(target, &patch));
    }
}
