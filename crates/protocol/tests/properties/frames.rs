//! Whatever comes in is decoded as the same request in both formats, or refused with the same words.

use bytes::Bytes;
use gamev1_protocol::{
    Format, Raw, Request, RoomCreate, RoomId, RoomInput, RoomMatch, RoomSend, Seat,
    decode::{DecodeError, Incoming, Rules, decode},
    encode,
    limits::INTEGER_MAX,
};
use proptest::{option, prelude::*, sample};
use serde_json::{Value, json};

use super::{encoded, object, tree, value};

fn room() -> impl Strategy<Value = RoomId> {
    any::<u64>().prop_map(RoomId::from_bits)
}

/// Members of `data`, those that are `None` left out.
fn data<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect())
}

/// A request, and the `data` that it is made from. Payloads are JSON here.
fn request() -> impl Strategy<Value = (Request, Value)> {
    let game = "[a-z]{1,12}";
    let member = || object(value());
    let raw = |value: &Value| Raw::json(value).unwrap();
    prop_oneof![
        option::of(0..=INTEGER_MAX).prop_map(|received| {
            (Request::Ping { received }, data([("received", received.map(Value::from))]))
        }),
        ".{0,80}".prop_map(|access_token| {
            let data = json!({ "access_token": access_token });
            (Request::AuthRefresh { access_token }, data)
        }),
        (game, option::of(member()), any::<bool>(), option::of(any::<u16>()), option::of(".{0,9}"))
            .prop_map(|(game, options, private, players_max, client_id)| {
                let data = data([
                    ("game", Some(json!(game))),
                    ("options", options.clone().map(Value::Object)),
                    ("private", Some(json!(private))),
                    ("players_max", players_max.map(Value::from)),
                    ("client_id", client_id.clone().map(Value::from)),
                ]);
                let options = options.unwrap_or_default();
                let metadata = Default::default();
                let create =
                    RoomCreate { game, options, private, players_max, metadata, client_id };
                (Request::RoomCreate(create), data)
            }),
        (game, member(), member()).prop_map(|(game, options, filter)| {
            let data = json!({ "game": game, "options": options, "where": filter });
            (Request::RoomMatch(RoomMatch { game, options, filter, client_id: None }), data)
        }),
        (room(), 0..3).prop_map(|(room, which)| {
            let request = match which {
                0 => Request::RoomJoin { room },
                1 => Request::RoomLeave { room },
                _ => Request::RoomSync { room },
            };
            (request, json!({ "room": room }))
        }),
        (room(), 1..=u32::MAX, value()).prop_map(move |(room, seq, input)| {
            let data = json!({ "room": room, "seq": seq, "input": input });
            (Request::RoomInput(RoomInput { room, seq, input: raw(&input) }), data)
        }),
        (room(), value(), option::of(prop::collection::vec(any::<u16>(), 0..4))).prop_map(
            move |(room, payload, to)| {
                let data = data([
                    ("room", Some(json!(room))),
                    ("payload", Some(payload.clone())),
                    ("to", to.clone().map(Value::from)),
                ]);
                let to = to.map(|to| to.into_iter().map(Seat).collect());
                (Request::RoomSend(RoomSend { room, payload: raw(&payload), to }), data)
            }
        ),
    ]
}

/// The same request with its payload read: what both formats must agree on.
fn without_format(mut request: Request) -> Request {
    match &mut request {
        Request::RoomInput(RoomInput { input: raw, .. })
        | Request::RoomSend(RoomSend { payload: raw, .. }) => {
            *raw = Raw::json(&raw.value("").unwrap()).unwrap();
        }
        _ => {}
    }
    request
}

/// Something that is nearly a request: right names, anything as their values.
fn near_request() -> impl Strategy<Value = Value> {
    let kinds: Vec<_> = Request::TYPES.iter().map(|(name, _)| *name).collect();
    let kind = prop_oneof![9 => sample::select(kinds).prop_map(Value::from), 1 => value()];
    let names: Vec<_> = Request::TYPES.iter().flat_map(|(_, members)| *members).copied().collect();
    let member = prop_oneof![
        3 => value(),
        1 => room().prop_map(|room| json!(room)),
        1 => prop::collection::vec(any::<u16>(), 0..3).prop_map(Value::from),
    ];
    let members = prop::collection::btree_map(sample::select(names), member, 0..6);
    let members = prop_oneof![9 => members.prop_map(|members| json!(members)), 1 => value()];
    let id = prop_oneof![3 => (0..INTEGER_MAX).prop_map(Value::from), 1 => value()];
    (option::of(id), option::of(kind), option::of(members), option::of(value())).prop_map(
        |(id, kind, members, unknown)| {
            data([("id", id), ("type", kind), ("data", members), ("unknown", unknown)])
        },
    )
}

fn both(value: &Value, rules: Rules) -> [Result<Incoming, DecodeError>; 2] {
    Format::ALL.map(|format| {
        let decoded = decode(format, &encoded(format, value).into(), rules)?;
        Ok(Incoming { request: without_format(decoded.request), ..decoded })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_comes_through((request, data) in request(), id in option::of(0..=INTEGER_MAX)) {
        let mut envelope = json!({ "type": request.name(), "data": data });
        if let Some(id) = id {
            envelope["id"] = json!(id);
        }
        for decoded in both(&envelope, Rules { strict: true }) {
            prop_assert_eq!(decoded, Ok(Incoming { id, request: request.clone() }));
        }
    }

    #[test]
    fn both_formats_say_the_same_of_what_is_nearly_a_request(frame in near_request(), strict: bool) {
        let [json, msgpack] = both(&frame, Rules { strict });
        prop_assert_eq!(json, msgpack);
    }

    #[test]
    fn a_payload_is_the_same_for_members_of_either_format(payload in value(), from: u16) {
        let request = json!({ "type": "room.send", "data": { "room": "0123456789", "payload": payload } });
        for sender in Format::ALL {
            let frame = encoded(sender, &request).into();
            let Ok(Incoming { request: Request::RoomSend(send), .. }) = decode(sender, &frame, Rules::default())
            else { panic!() };
            for receiver in Format::ALL {
                let push = encode::room_message(receiver, send.room, Seat(from), &send.payload).unwrap();
                prop_assert_eq!(tree(receiver, &push), json!({
                    "type": "room.message",
                    "data": { "room": send.room, "from": from, "payload": payload },
                }));
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), strict: bool) {
        for format in Format::ALL {
            let _ = decode(format, &Bytes::copy_from_slice(&bytes), Rules { strict });
        }
    }

    #[test]
    fn nor_does_damage_done_to_a_good_frame(
        (request, data) in request(),
        damage in prop::collection::vec((any::<sample::Index>(), any::<u8>()), 1..4),
        cut in option::of(any::<sample::Index>()),
    ) {
        let envelope = json!({ "id": 1, "type": request.name(), "data": data });
        for format in Format::ALL {
            let mut frame = encoded(format, &envelope);
            for (place, byte) in &damage {
                let place = place.index(frame.len());
                frame[place] = *byte;
            }
            if let Some(cut) = cut {
                frame.truncate(cut.index(frame.len()));
            }
            if let Ok(incoming) = decode(format, &frame.into(), Rules { strict: true }) {
                // What is let in can be carried to the other format.
                if let Request::RoomSend(send) = incoming.request {
                    for format in Format::ALL {
                        prop_assert!(send.payload.to(format).is_ok());
                    }
                }
            }
        }
    }
}
