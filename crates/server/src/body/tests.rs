//! What bodies are taken, and what is said of the others.

use std::convert::Infallible;

use futures_util::stream;
use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Probe {
    name: String,
    #[serde(default)]
    count: Option<u32>,
}

impl Body for Probe {
    const MEMBERS: &'static [&'static str] = &["name", "count"];
}

fn refusal(body: &str, strict: bool) -> (ErrorCode, Value) {
    let problem = parse::<Probe>(body.as_bytes(), strict).unwrap_err();
    let code = problem.code();
    (code, serde_json::from_slice(problem.response("x").body()).unwrap())
}

#[test]
fn unknown_members_are_ignored_unless_one_asks_to_be_told() {
    let body = br#"{"name":"a","colour":"red"}"#;
    assert_eq!(parse::<Probe>(body, false), Ok(Probe { name: "a".into(), count: None }));
    let (code, document) = refusal(r#"{"name":"a","colour":"red"}"#, true);
    assert_eq!(code, ErrorCode::BadRequest);
    assert_eq!(document["errors"][0]["pointer"], "/colour");
    assert_eq!(document["errors"][0]["expected"], "one of name, count");
}

#[test]
fn a_wrong_member_is_named_with_what_was_expected_and_what_came() {
    for (body, pointer, expected, got) in [
        (r#"{"name":7}"#, "/name", "a string", "7"),
        (r#"{"name":"a","count":-1}"#, "/count", "an integer from 0 to 4294967295", "-1"),
        (r#"{}"#, "/name", "a value", "nothing"),
        (r#"[]"#, "", "an object", "an array"),
        (r#"["a"]"#, "", "an object", "an array"),
        (r#""a""#, "", "an object", "a string"),
    ] {
        let (code, document) = refusal(body, false);
        assert_eq!(code, ErrorCode::BadRequest, "{body}");
        let error = &document["errors"][0];
        assert_eq!(
            (error["pointer"].as_str(), error["expected"].as_str(), error["got"].as_str()),
            (Some(pointer), Some(expected), Some(got)),
            "{body}"
        );
    }
}

#[test]
fn what_is_no_json_is_told_where_it_breaks() {
    let (_, document) = refusal(r#"{"name":"#, false);
    assert_eq!(document["errors"][0]["expected"], "a JSON object");
    assert!(document["errors"][0]["got"].as_str().unwrap().contains("line 1 column 8"));
}

#[test]
fn a_room_is_made_by_the_rules_of_the_socket() {
    let create = room_create(br#"{"game":"arena","players_max":4,"colour":1}"#, false).unwrap();
    assert_eq!((create.game.as_str(), create.players_max), ("arena", Some(4)));
    let wrong = [
        (&br#"{"game":7}"#[..], "/game"),
        (br#"{}"#, "/game"),
        (b"", "/game"),
        (br#"[1]"#, ""),
        (br#"{},"type":"ping""#, ""),
        (br#"{"game":"a"}, "id": 7"#, ""),
    ];
    for (body, pointer) in wrong {
        let problem = room_create(body, false).unwrap_err();
        let document: Value = serde_json::from_slice(problem.response("x").body()).unwrap();
        assert_eq!(document["code"], "bad_request");
        assert_eq!(document["errors"][0]["pointer"], pointer, "{}", body.escape_ascii());
    }
}

async fn read_chunks(
    content_type: Option<&str>,
    chunks: &[&'static [u8]],
) -> Result<Bytes, Problem> {
    let chunks: Vec<Result<Bytes, Infallible>> =
        chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk))).collect();
    read(content_type, stream::iter(chunks)).await
}

#[tokio::test(start_paused = true)]
async fn a_body_is_json_and_not_too_large() {
    let read = read_chunks;
    assert_eq!(read(Some("application/json"), &[b"{", b"}"]).await.unwrap(), "{}");
    assert_eq!(read(Some("Application/JSON; charset=utf-8"), &[b"{}"]).await.unwrap(), "{}");
    assert_eq!(read(None, &[]).await.unwrap(), "");
    for content_type in [None, Some("text/plain"), Some("application/jsonx")] {
        let problem = read(content_type, &[b"{}"]).await.unwrap_err();
        assert_eq!(problem.code(), ErrorCode::UnsupportedMediaType);
    }
    static HALF: [u8; BODY_BYTES_MAX / 2] = [b' '; BODY_BYTES_MAX / 2];
    assert!(read(Some("application/json"), &[&HALF, &HALF]).await.is_ok());
    let problem = read(Some("application/json"), &[&HALF, &HALF, b" "]).await.unwrap_err();
    assert_eq!(problem.code(), ErrorCode::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_awaited_for_ever() {
    let never = stream::pending::<Result<Bytes, Infallible>>();
    let problem = super::read(Some("application/json"), never).await.unwrap_err();
    assert_eq!(problem.code(), ErrorCode::BadRequest);
}
