//! Accounts: to register, to sign in, to change, to leave; and what somebody may send instead of a name.

use e2e::server::Setup;

use super::*;

pub(super) const PASSWORD: &str = "plinth ember quokka sundial";
pub(super) const OTHER: &str = "vexing marzipan otter fjord";

fn form(username: &str, password: &str) -> Value {
    json!({ "username": username, "email": format!("{username}@example.org"), "password": password })
}

pub(super) async fn register(server: &Server, username: &str) -> Player {
    let answer = server.post("/v1/auth/register", form(username, PASSWORD)).await;
    Player { tokens: answer.ok(201) }
}

pub(super) async fn login(server: &Server, login: &str, password: &str) -> e2e::http::Answer {
    server.post("/v1/auth/login", json!({ "login": login, "password": password })).await
}

async fn call_as(
    server: &Server,
    player: &Player,
    (method, path): (Method, &str),
    body: Value,
) -> e2e::http::Answer {
    server.answer(server.call(method, path).bearer_auth(player.access()).json(&body)).await
}

const PATCH_ME: (Method, &str) = (Method::PATCH, "/v1/me");
const DELETE_ME: (Method, &str) = (Method::DELETE, "/v1/me");

#[tokio::test]
async fn an_account_from_its_making_to_its_end() {
    let mut server = Server::start().await;
    let ada = register(&server, "Ada").await;
    assert_eq!(ada.tokens["token_type"], "Bearer");
    assert_eq!((ada.username(), &ada.tokens["player"]["role"]), ("Ada", &json!("player")));
    assert!(is_uuid_v7(ada.id()));
    let me = server.get_as(&ada, "/v1/me").await.ok(200);
    assert_eq!((&me["id"], &me["username"]), (&json!(ada.id()), &json!("Ada")));
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("Ada@example.org"), &json!(false)));
    assert_eq!((&me["guest"], &me["role"]), (&json!(false), &json!("player")));

    // Whatever has been acknowledged is there after a kill.
    server.restart(Stop::Kill).await;
    for name in ["Ada", "ada", "ADA@example.ORG"] {
        let tokens = login(&server, name, PASSWORD).await.ok(200);
        assert_eq!(tokens["player"], ada.tokens["player"], "{name}");
    }
    login(&server, "Ada", OTHER).await.problem(401, "invalid_credentials");

    let change = json!({ "username": "Lovelace", "email": "countess@Bücher.example" });
    let renamed = call_as(&server, &ada, PATCH_ME, change).await.ok(200);
    assert_eq!(renamed["username"], "Lovelace");
    assert_eq!(renamed["email"], "countess@xn--bcher-kva.example");
    assert_eq!(server.get_as(&ada, "/v1/me").await.ok(200), renamed);
    let mut client = server.socket_of(&ada, Format::Json).await;
    let wrong = json!({ "password": OTHER });
    call_as(&server, &ada, DELETE_ME, wrong).await.problem(401, "invalid_credentials");
    call_as(&server, &ada, DELETE_ME, json!({})).await.problem(400, "bad_request");

    let gone = call_as(&server, &ada, DELETE_ME, json!({ "password": PASSWORD })).await;
    assert_eq!((gone.status, &*gone.text), (204, ""));

    assert_eq!(client.closed().await.code, 4001);
    server.get_as(&ada, "/v1/me").await.problem(401, "token_revoked");
    let body = json!({ "refresh_token": ada.refresh() });
    server.post("/v1/auth/refresh", body).await.problem(401, "unauthenticated");
    login(&server, "Lovelace", PASSWORD).await.problem(401, "invalid_credentials");
    let another = register(&server, "Lovelace").await;
    assert_ne!(another.id(), ada.id());
}

#[tokio::test]
async fn a_guest_becomes_an_account_and_keeps_its_id() {
    let mut server = Server::start().await;
    let guest = server.guest().await;
    let mut client = server.socket_of(&guest, Format::Json).await;

    let ada = server.post_as(&guest, "/v1/auth/register", form("Ada", PASSWORD)).await.ok(201);

    let ada = Player { tokens: ada };
    assert_eq!((ada.id(), ada.username()), (guest.id(), "Ada"));
    client.alive().await;
    // The guest's own tokens are those of the account now.
    let me = server.get_as(&guest, "/v1/me").await.ok(200);
    assert_eq!((&me["username"], &me["guest"]), (&json!("Ada"), &json!(false)));
    let again = server.post_as(&ada, "/v1/auth/register", form("Bob", PASSWORD)).await;
    again.problem(409, "conflict");
    // The device is as new as any other: from now on the password signs in.
    assert_ne!(sign_in(&server, guest.device()).await["player"]["id"], ada.id());
    server.restart(Stop::Drain).await;
    assert_eq!(login(&server, "ada", PASSWORD).await.ok(200)["player"], ada.tokens["player"]);
    let nobody = server.call(Method::POST, "/v1/auth/register").bearer_auth("nonsense");
    server.answer(nobody.json(&form("Bob", PASSWORD))).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn another_password_ends_the_other_sign_ins() {
    let server = Server::start().await;
    let here = register(&server, "Ada").await;
    let there = Player { tokens: login(&server, "Ada", PASSWORD).await.ok(200) };
    let mut client_here = server.socket_of(&here, Format::Json).await;
    let mut client_there = server.socket_of(&there, Format::Json).await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let (server, here) = (&server, &here);
        async move { server.post_as(here, "/v1/me/password", body).await }
    };
    let wrong = change(OTHER, OTHER).await.problem(401, "invalid_credentials");
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    let weak = change(PASSWORD, "passwordpassword").await.problem(422, "weak_password");
    assert_eq!(weak["errors"][0]["pointer"], "/new_password");

    let renewed = Player { tokens: change(PASSWORD, OTHER).await.ok(200) };

    for client in [&mut client_there, &mut client_here] {
        assert_eq!(client.closed().await.code, 4001);
    }
    server.get_as(&there, "/v1/me").await.problem(401, "token_revoked");
    let body = json!({ "refresh_token": there.refresh() });
    server.post("/v1/auth/refresh", body).await.problem(401, "token_revoked");
    // The caller goes on with what it was given; its former tokens are void as well.
    server.get_as(&here, "/v1/me").await.problem(401, "token_revoked");
    assert_eq!(server.get_as(&renewed, "/v1/me").await.ok(200)["id"], here.id());
    server.socket_of(&renewed, Format::Json).await.alive().await;
    let body = json!({ "refresh_token": renewed.refresh() });
    server.post("/v1/auth/refresh", body).await.ok(200);
    login(&server, "Ada", PASSWORD).await.problem(401, "invalid_credentials");
    login(&server, "Ada", OTHER).await.ok(200);
}

#[tokio::test]
async fn names_and_addresses_are_had_once_and_by_what_they_look_like() {
    let server = Server::start().await;
    let bob = register(&server, "Bob").await;
    let ada = register(&server, "Ada").await;
    for alike in ["ada", "АDА", "bOb", "b0b"] {
        let body = json!({ "username": alike, "email": "new@example.org", "password": PASSWORD });
        let answer = server.post("/v1/auth/register", body).await;
        // Whatever mixes two scripts is no name at all; the others are taken.
        let expected =
            if alike == "АDА" { (422, "validation_failed") } else { (409, "username_taken") };
        let problem = answer.problem(expected.0, expected.1);
        assert_eq!(problem["errors"][0]["pointer"], "/username", "{problem}");
    }
    let body = json!({ "username": "Carol", "email": "ADA@Example.org", "password": PASSWORD });
    let taken = server.post("/v1/auth/register", body).await.problem(409, "email_taken");
    assert_eq!(taken["errors"][0]["pointer"], "/email");
    let change = |body| call_as(&server, &bob, PATCH_ME, body);
    change(json!({ "username": "ADA" })).await.problem(409, "username_taken");
    change(json!({ "email": "ada@example.org" })).await.problem(409, "email_taken");
    assert_eq!(change(json!({ "username": "BOB" })).await.ok(200)["username"], "BOB");
    change(json!({ "username": null })).await.problem(400, "bad_request");
    assert_eq!(change(json!({})).await.ok(200)["username"], "BOB");
    let other = server.get_as(&bob, &format!("/v1/players/{}", ada.id())).await.ok(200);
    assert_eq!(other, json!({ "id": ada.id(), "username": "Ada" }), "and no more");
    let nobody = format!("/v1/players/{}", "018f0000-0000-7000-8000-000000000000");
    for unknown in [&nobody, "/v1/players/x"] {
        server.get_as(&bob, unknown).await.problem(404, "player_not_found");
    }
    server.get(&format!("/v1/players/{}", ada.id())).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_no_name_no_address_and_no_password_is_told_by_its_place() {
    let server = Server::start().await;
    let long = "x".repeat(5_000);
    let wrong: [(&str, &str, &str, &str, &str); 14] = [
        ("", "a@example.org", PASSWORD, "/username", "too_short"),
        (&long, "a@example.org", PASSWORD, "/username", "too_long"),
        ("nul\0byte", "a@example.org", PASSWORD, "/username", "not_allowed"),
        ("😀😀😀", "a@example.org", PASSWORD, "/username", "not_allowed"),
        ("\u{202e}evil", "a@example.org", PASSWORD, "/username", "not_allowed"),
        ("' OR 1=1 --", "a@example.org", PASSWORD, "/username", "not_allowed"),
        ("Adrnin", "a@example.org", PASSWORD, "/username", "reserved"),
        ("guest-123456", "a@example.org", PASSWORD, "/username", "reserved"),
        ("Ada", "nowhere", PASSWORD, "/email", "not_an_email"),
        ("Ada", "a@example.org\r\nBcc: x", PASSWORD, "/email", "not_an_email"),
        ("Ada", &long, PASSWORD, "/email", "too_long"),
        ("Ada", "a@example.org", "fourteen chars", "/password", "too_short"),
        ("Ada", "a@example.org", &long, "/password", "too_long"),
        ("Ada", "a@example.org", "plinth ember\0 quokka", "/password", "not_allowed"),
    ];
    for (username, email, password, place, code) in wrong {
        let body = json!({ "username": username, "email": email, "password": password });
        let problem =
            server.post("/v1/auth/register", body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], place, "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
    }
    for weak in ["passwordpassword", "aaaaaaaaaaaaaaaaaaaa", "Ada@example.org Ada"] {
        let problem = server.post("/v1/auth/register", form("Ada", weak)).await;
        let problem = problem.problem(422, "weak_password");
        assert_eq!(problem["errors"][0]["pointer"], "/password", "{problem}");
        assert!(!problem.to_string().contains(weak), "a password is not said back: {problem}");
    }
    // A lone surrogate is no text at all.
    let body = r#"{"username": "\ud800da", "email": "a@example.org", "password": "x"}"#;
    let call = server.call(Method::POST, "/v1/auth/register");
    let call = call.header("content-type", "application/json").body(body);
    server.answer(call).await.problem(400, "bad_request");
    for missing in [json!({}), json!({ "username": "Ada" }), json!([]), json!(null)] {
        server.post("/v1/auth/register", missing).await.problem(400, "bad_request");
    }
    register(&server, "Ada").await;
}

#[tokio::test]
async fn whoever_is_refused_learns_not_whether_there_is_such_an_account() {
    let server = Server::start().await;
    register(&server, "Ada").await;
    let refused = |name: &'static str, password: &'static str| {
        let server = &server;
        async move {
            let mut problem =
                login(server, name, password).await.problem(401, "invalid_credentials");
            problem["instance"] = Value::Null;
            problem
        }
    };
    let wrong = refused("Ada", OTHER).await;
    for (name, password) in [("Bob", OTHER), ("bob@example.org", PASSWORD), ("\0", "\0"), ("", "")]
    {
        assert_eq!(refused(name, password).await, wrong, "{name:?}");
    }
}

#[tokio::test]
async fn so_many_passwords_are_tried_for_one_account() {
    let server = Server::start().await;
    register(&server, "Ada").await;
    // The account and one that does not exist are the same to whoever tries.
    for spellings in [["Ada", "ada", " ADA "], ["bob", "BOB", "Bob "]] {
        for n in 0..5 {
            login(&server, spellings[n % 3], OTHER).await.problem(401, "invalid_credentials");
        }
        let answer = login(&server, spellings[0], PASSWORD).await;
        answer.problem(429, "rate_limited");
        assert!(answer.header("ratelimit-policy").unwrap().starts_with("\"password\";q=5"));
    }
}

/// Failures are counted, but what may be tried at once is not in their way.
async fn counting() -> Server {
    Setup::new().env("RATE_LIMIT_PASSWORD_ACCOUNT_BURST", "1000").start().await
}

#[tokio::test]
async fn an_account_that_was_failed_at_is_shut_over_a_restart_but_not_to_its_own_device() {
    let mut server = counting().await;
    let ada = register(&server, "Ada").await;
    let on = |device: String, password: &'static str| json!({ "login": "Ada", "password": password, "device_id": device });
    let device = ada.device().to_owned();
    let again = server.post("/v1/auth/login", on(device.clone(), PASSWORD)).await.ok(200);
    assert_eq!((again.get("device_id"), &again["player"]["id"]), (None, &json!(ada.id())));
    for _ in 0..12 {
        login(&server, "Ada", OTHER).await.problem(401, "invalid_credentials");
    }
    // Kept shut for a minute at least, and told like any wrong password.
    login(&server, "Ada", PASSWORD).await.problem(401, "invalid_credentials");
    server.restart(Stop::Drain).await;
    login(&server, "Ada", PASSWORD).await.problem(401, "invalid_credentials");
    let stranger = "a device that the account has never seen".to_owned();
    let refused = server.post("/v1/auth/login", on(stranger, PASSWORD)).await;
    refused.problem(401, "invalid_credentials");
    let known = server.post("/v1/auth/login", on(device, PASSWORD)).await.ok(200);
    assert_eq!(known["player"], ada.tokens["player"]);
    let short = on("short".to_owned(), PASSWORD);
    server.post("/v1/auth/login", short).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn an_address_that_fails_at_many_accounts_waits() {
    let server = counting().await;
    for n in 0..20 {
        login(&server, &format!("nobody-{n}"), OTHER).await.problem(401, "invalid_credentials");
    }
    // The delay may be over when the next comes; with each that fails it doubles.
    let mut refused = None;
    for n in 20..30 {
        let answer = login(&server, &format!("nobody-{n}"), OTHER).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("an address that waits");
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"failed_logins\";q=20;w=600"));
}

#[tokio::test]
async fn a_guest_has_no_name_of_its_own_and_leaves_without_a_password() {
    let server = Server::start().await;
    let guest = server.guest().await;
    let change = json!({ "username": "Ada" });
    call_as(&server, &guest, PATCH_ME, change).await.problem(403, "forbidden");
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    server.post_as(&guest, "/v1/me/password", body).await.problem(403, "forbidden");
    let delete = server.call(Method::DELETE, "/v1/me").bearer_auth(guest.access());
    assert_eq!(server.answer(delete).await.status, 204);
    server.get_as(&guest, "/v1/me").await.problem(401, "token_revoked");
    assert_ne!(sign_in(&server, guest.device()).await["player"]["id"], guest.id());
}

#[tokio::test]
async fn one_is_given_all_that_is_stored_of_oneself() {
    let server = Server::start().await;
    let guest = server.guest().await;
    let mut client = server.socket_of(&guest, Format::Json).await;
    let joined = client.ok("room.create", json!({ "game": "relay" })).await;
    let room = joined["room"].as_str().unwrap().to_owned();
    client.ok("room.leave", json!({ "room": room })).await;
    let ada = server.post_as(&guest, "/v1/auth/register", form("Ada", PASSWORD)).await.ok(201);
    let ada = Player { tokens: ada };
    login(&server, "Ada", PASSWORD).await.ok(200);

    let export = server.get_as(&ada, "/v1/me/export").await.ok(200);

    assert_eq!(export["player"], server.get_as(&ada, "/v1/me").await.ok(200));
    assert!(export["password_set_at"].is_string(), "{export}");
    assert_eq!(export["sign_ins"].as_array().map(Vec::len), Some(3), "{export}");
    assert_eq!(export["devices"].as_array().map(Vec::len), Some(2), "{export}");
    assert_eq!(export["sanctions"], json!([]));
    assert_eq!(export["game_sessions"][0]["room"], room, "{export}");
    assert!(!export.to_string().contains("argon2"), "no secret, hashed or not");
    server.get("/v1/me/export").await.problem(401, "unauthenticated");
}
