//! Problem documents, as a client reads them.

use serde_json::json;

use super::*;

fn document(problem: Problem) -> (Response<Bytes>, Value) {
    let response = problem.response("0190");
    let body = serde_json::from_slice(response.body()).unwrap();
    (response, body)
}

#[test]
fn a_problem_names_its_code_and_where_it_is_explained() {
    let (response, body) = document(Problem::new(ErrorCode::RoomNotFound, "no such room"));
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(
        body,
        json!({
            "type": "/docs/errors#room_not_found", "title": "Room not found", "status": 404,
            "code": "room_not_found", "detail": "no such room", "instance": "/requests/0190",
        })
    );
}

#[test]
fn every_code_has_a_document_whose_status_is_the_tables() {
    for &code in ErrorCode::ALL {
        let (response, body) = document(Problem::new(code, "x"));
        let expected = if code.status() == 0 { 500 } else { code.status() };
        assert_eq!(response.status().as_u16(), expected);
        assert_eq!(body["status"], expected);
        assert_eq!(body["type"], format!("/docs/errors#{}", code.name()));
    }
}

#[test]
fn a_pointer_of_the_wire_points_into_the_body() {
    let error = WireError::bad_request("/data/players_max", "an integer within 1..=16", "0");
    let (_, body) = document(error.into());
    assert_eq!(body["detail"], "/players_max: expected an integer within 1..=16, got 0");
    assert_eq!(
        body["errors"],
        json!([{
            "pointer": "/players_max", "code": "bad_request",
            "detail": "/players_max: expected an integer within 1..=16, got 0",
            "expected": "an integer within 1..=16", "got": "0",
        }])
    );
    let (_, body) = document(WireError::bad_request("/data", "an object", "a string").into());
    assert_eq!(body["detail"], "the body: expected an object, got a string");
    assert_eq!(body["errors"][0]["pointer"], "");
}

#[test]
fn other_details_stay_as_they_are() {
    let error = WireError::new(ErrorCode::GameNotFound, "no game is called \"x\"")
        .details(json!({ "games": ["arena"] }));
    let (_, body) = document(error.into());
    assert_eq!(body["details"], json!({ "games": ["arena"] }));
    assert_eq!(body.get("errors"), None);
}

#[test]
fn who_may_try_again_is_told_when() {
    let wait = |problem: Problem| {
        let (response, _) = document(problem);
        response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned())
    };
    let limited = |ms| WireError::new(ErrorCode::RateLimited, "x").retry_after_ms(ms).into();
    assert_eq!(wait(limited(1)), Some("1".into()));
    assert_eq!(wait(limited(1_001)), Some("2".into()));
    assert_eq!(wait(Problem::new(ErrorCode::Draining, "x")), Some("2".into()));
    assert_eq!(wait(Problem::new(ErrorCode::TooManySockets, "x")), Some("2".into()));
    assert_eq!(wait(Problem::new(ErrorCode::NotFound, "x")), None);
}

#[test]
fn a_401_says_how_to_sign_in() {
    let (response, _) = document(Problem::new(ErrorCode::TokenExpired, "x"));
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}

#[test]
fn an_invalid_member_is_named() {
    let (response, body) = document(Problem::invalid("/device_id", "too_short", "12 at least"));
    assert_eq!(response.status(), 422);
    let expected =
        json!([{ "pointer": "/device_id", "code": "too_short", "detail": "12 at least" }]);
    assert_eq!(body["errors"], expected);
}
