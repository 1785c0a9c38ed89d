//! The description against the routes, the table of codes, and a running server.

use std::collections::BTreeSet;

use gamev1_actors::game::GameRegistry;
use gamev1_protocol::Request;
use serde_json::Value;

use super::*;
use crate::{route_table::ROUTES, testing::TestServer};

fn members(schema: &Value) -> BTreeSet<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let routes = ROUTES.iter().flat_map(|(path, methods)| methods.iter().map(move |m| (*path, *m)));
    let mut routes: Vec<_> = routes.collect();
    let mut described: Vec<_> = OPERATIONS.iter().map(|each| (each.path, each.method)).collect();
    routes.sort_unstable();
    described.sort_unstable();
    assert_eq!(described, routes);
}

#[test]
fn every_code_of_an_operation_stands_below_its_status() {
    let document = document();
    for operation in OPERATIONS {
        let at = &document["paths"][operation.path][operation.method.to_ascii_lowercase()];
        assert!(at["responses"][operation.status.to_string()].is_object(), "{}", operation.path);
        for code in operation.all_codes() {
            assert_ne!(code.status(), 0, "{code:?} is of sockets alone");
            let media =
                &at["responses"][code.status().to_string()]["content"]["application/problem+json"];
            let codes =
                media["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
            assert!(codes.iter().any(|name| name == code.name()), "{} {code:?}", operation.path);
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(at: &Value, whole: &Value, found: &mut usize) {
        match at {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(whole.pointer(pointer).is_some(), "{reference}");
                    *found += 1;
                }
                members.values().for_each(|value| walk(value, whole, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, whole, found)),
            _ => {}
        }
    }
    let (document, mut found) = (document(), 0);
    walk(&document, &document, &mut found);
    assert!(found > OPERATIONS.len());
}

#[test]
fn every_example_has_the_members_of_its_schema() {
    let (document, mut compared) = (document(), 0);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let required = schema["required"].as_array().into_iter().flatten();
        let required: BTreeSet<_> = required.map(|name| name.as_str().unwrap()).collect();
        for example in schema["examples"].as_array().into_iter().flatten() {
            let got = example.as_object().unwrap().keys().map(String::as_str).collect();
            assert!(required.is_subset(&got), "{name}: {example}");
            assert!(got.is_subset(&members(schema)), "{name}: {example}");
            compared += 1;
        }
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn a_body_must_be_there_where_nothing_does_not_do() {
    let document = document();
    let required = |path: &str, method: &str| {
        document["paths"][path][method]["requestBody"]["required"].as_bool().unwrap()
    };
    for (path, method, expected) in [
        ("/v1/auth/guest", "post", false),
        ("/v1/ws-tickets", "post", false),
        ("/v1/me", "patch", false),
        ("/v1/rooms", "post", true),
        ("/v1/admin/chaos", "post", true),
    ] {
        assert_eq!(required(path, method), expected, "{method} {path}");
    }
}

/// In dev mode a body with an unknown member is refused with the names of those that are known.
#[tokio::test]
async fn the_body_of_every_operation_has_the_members_that_the_server_reads() {
    let server = TestServer::start(gamev1_games::register(GameRegistry::new()), &["--dev"]).await;
    let tokens = server.guest().await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let document = document();
    for operation in OPERATIONS {
        let Some(schema) = operation.body else { continue };
        let described = members(&document["components"]["schemas"][schema]);
        if operation.path == "/v1/rooms" {
            // Read as the socket's request is, by its table.
            let (_, read) = Request::TYPES.iter().find(|(kind, _)| *kind == "room.create").unwrap();
            assert_eq!(described, read.iter().copied().collect());
            continue;
        }
        let path = operation.path.replace("{player}", "nobody");
        let mut headers = vec![("content-type", "application/json")];
        if operation.access == Access::Player {
            headers.push(("authorization", bearer.as_str()));
        }
        let answered = server.send(operation.method, &path, &headers, r#"{"zzz":1}"#).await;
        assert_eq!(answered.status, 400, "{} {path}: {}", operation.method, answered.body);
        let expected = answered.json()["errors"][0]["expected"].as_str().unwrap().to_owned();
        let read = expected.strip_prefix("one of ").map(|names| names.split(", ").collect());
        assert_eq!(described, read.unwrap_or_default(), "{} {path}: {expected}", operation.method);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_the_server_answers_has_the_members_that_are_described() {
    let server = TestServer::start(gamev1_games::register(GameRegistry::new()), &["--dev"]).await;
    let tokens = server.guest().await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let document = document();
    let mut compared = 0;
    for operation in OPERATIONS {
        let Some((media_type @ ("application/json" | "application/jwk-set+json"), schema)) =
            operation.answer
        else {
            continue;
        };
        if operation.method != "GET" || schema == "Document" {
            continue;
        }
        let player = tokens["player"]["id"].as_str().unwrap();
        let path = operation.path.replace("{player}", player);
        if path.contains('{') {
            continue;
        }
        let headers = [("authorization", bearer.as_str())];
        let signed_in = operation.access == Access::Player;
        let answered = server.send("GET", &path, if signed_in { &headers } else { &[] }, "").await;
        assert_eq!((answered.status, answered.header("content-type")), (200, Some(media_type)));
        let (body, schema) = (answered.json(), &document["components"]["schemas"][schema]);
        let got: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(got.is_subset(&members(schema)), "{path}: {got:?}");
        for name in schema["required"].as_array().unwrap() {
            assert!(got.contains(name.as_str().unwrap()), "{path}: {name}");
        }
        compared += 1;
    }
    assert!(compared >= 12, "{compared}");
    server.stop().await;
}

#[tokio::test]
async fn the_description_is_served_and_held_by_its_tag() {
    let server = TestServer::start(gamev1_games::register(GameRegistry::new()), &[]).await;
    let answered = server.get("/openapi.json").await;
    assert_eq!((answered.status, answered.json()), (200, document()));
    let tagged = OPERATIONS.iter().filter(|each| each.held);
    for path in tagged.map(|each| each.path).chain(["/docs"]) {
        let answered = server.get(path).await;
        let etag = answered.header("etag").unwrap();
        let again = server.send("GET", path, &[("if-none-match", etag)], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), Some(etag), "{path}");
    }
    let page = server.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    server.stop().await;
}
