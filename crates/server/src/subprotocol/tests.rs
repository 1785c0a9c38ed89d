//! The table of the negotiation.

use super::*;

fn offer(format: Format, named: bool, credential: Option<OfferedCredential>) -> Offer {
    Offer { format, named, credential }
}

#[test]
fn the_first_format_that_both_speak_is_taken_and_a_credential_never() {
    let ticket = || Some(OfferedCredential::Ticket("abc_-9".into()));
    for (headers, expected) in [
        (&[][..], offer(Format::Json, false, None)),
        (&[""], offer(Format::Json, false, None)),
        (&["gamev1.v1.json"], offer(Format::Json, true, None)),
        (&["gamev1.v1.msgpack"], offer(Format::MsgPack, true, None)),
        (&["gamev1.v1.msgpack, gamev1.v1.json"], offer(Format::MsgPack, true, None)),
        (&["gamev1.v1.json,gamev1.v1.msgpack"], offer(Format::Json, true, None)),
        (&["gamev1.v9.json, gamev1.v1.json"], offer(Format::Json, true, None)),
        (&["gamev1.v1.json, ticket.abc_-9"], offer(Format::Json, true, ticket())),
        (&["ticket.abc_-9", "gamev1.v1.msgpack"], offer(Format::MsgPack, true, ticket())),
        (&["ticket.abc_-9"], offer(Format::Json, false, ticket())),
        (
            &["gamev1.v1.json", "resume.xyz"],
            offer(Format::Json, true, Some(OfferedCredential::Resume("xyz".into()))),
        ),
        (&["ticket."], offer(Format::Json, false, Some(OfferedCredential::Ticket(String::new())))),
    ] {
        assert_eq!(negotiate(headers.iter().copied()), Ok(expected), "{headers:?}");
    }
}

#[test]
fn who_speaks_nothing_that_is_spoken_here_is_told_what_is() {
    for headers in [&["chat"][..], &["gamev1.v2.json"], &["GAMEV1.V1.JSON"], &["chat, ticket.abc"]]
    {
        let error = negotiate(headers.iter().copied()).unwrap_err();
        assert_eq!(error.code, ErrorCode::UnsupportedProtocol);
        let spoken = serde_json::json!(["gamev1.v1.json", "gamev1.v1.msgpack"]);
        assert_eq!(error.details.unwrap()["expected"], spoken, "{headers:?}");
    }
}

#[test]
fn two_credentials_are_one_too_many() {
    let error = negotiate(["gamev1.v1.json, ticket.a, resume.b"]).unwrap_err();
    assert_eq!(error.code, ErrorCode::BadRequest);
}
