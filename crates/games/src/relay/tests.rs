//! The relay as a value, and its options as clients write them.

use gamev1_actors::{
    game::GameType,
    protocol::{ErrorCode, WireError},
    rand_chacha::{ChaCha8Rng, rand_core::SeedableRng},
};
use serde_json::{Value, json};

use super::*;

fn settings(options: Value) -> Result<Settings, WireError> {
    let registry = crate::all();
    let relay: &dyn GameType = registry.get("relay").unwrap().as_ref();
    relay.settings(options.as_object().unwrap())
}

#[test]
fn it_forwards_for_128_members_unless_the_maker_says_otherwise() {
    let settings_of_none = settings(json!({})).unwrap();
    assert_eq!(
        settings_of_none,
        Settings {
            tick_hz: 0,
            patch_hz: 0,
            seats_max: 128,
            seats_per_player: 8,
            sends: true,
            stateful: false,
        }
    );
    assert_eq!(settings(json!({ "seats": 2 })).unwrap().seats_max, 2);
    assert_eq!(settings(json!({ "seats": 1_024 })).unwrap().seats_max, 1_024);
}

#[test]
fn seats_out_of_range_are_refused_with_the_range() {
    for (seats, got) in [
        (json!(0), "0"),
        (json!(1_025), "1025"),
        (json!(65_537), "65537"),
        (json!(-1), "-1"),
        (json!(1.5), "1.5"),
        (json!("2"), "\"2\""),
        (json!(null), "null"),
    ] {
        let error = settings(json!({ "seats": seats })).unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest);
        let expected = "an integer from 1 to 1024";
        let details = json!({ "pointer": "/data/options/seats", "expected": expected, "got": got });
        assert_eq!(error.details, Some(details));
    }
}

#[test]
fn an_unknown_option_is_refused() {
    let error = settings(json!({ "walls": 3 })).unwrap_err();
    let details = error.details.unwrap();
    assert_eq!(details["pointer"], "/data/options/walls");
}

#[test]
fn inputs_are_refused_whatever_they_are() {
    let (mut rng, mut said) = (ChaCha8Rng::from_seed([1; 32]), Vec::new());
    let mut ctx = Ctx::new(0, &mut rng, &mut said);
    let mut relay = Relay::new(Options::default(), &mut ctx).unwrap();
    for input in [json!(null), json!({ "move": [0, 0] }), json!([[1]])] {
        let input = serde_json::from_value(input).unwrap();
        assert_eq!(relay.input(Seat(0), input, &mut ctx).unwrap_err().code, "no_inputs");
    }
}
