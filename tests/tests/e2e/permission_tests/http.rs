//! Every route: who is answered with what.

use gamev1_server::route_table::ROUTES;

use super::*;

/// Method, path and body, and the status for each of [`EVERYBODY`]. `{player}` is the player's own id and `{room}` their
/// room; in bodies `{refresh}` is a token of whoever asks and `{name}` a name that nobody has.
type Row = (&'static str, &'static str, &'static str, [u16; 6]);

const OPEN: [u16; 6] = [200; 6];
const SIGNED_IN: [u16; 6] = [401, 200, 200, 200, 200, 200];
const SIGNED_IN_204: [u16; 6] = [401, 204, 204, 204, 204, 204];
/// All of them are guests, who have no password and no name of their own.
const ACCOUNTS: [u16; 6] = [401, 403, 403, 403, 403, 403];

const fn players(status: u16) -> [u16; 6] {
    [401, status, status, 403, status, status]
}

const fn moderators(status: u16) -> [u16; 6] {
    [401, 403, 403, 403, status, status]
}

const fn admins(status: u16) -> [u16; 6] {
    [401, 403, 403, 403, 403, status]
}

const ROWS: &[Row] = &[
    ("POST", "/v1/auth/guest", "{}", OPEN),
    ("POST", "/v1/auth/refresh", r#"{"refresh_token":"{refresh}"}"#, SIGNED_IN),
    (
        "POST",
        "/v1/auth/register",
        r#"{"username":"{name}","email":"{name}@example.org","password":"four unlikely words together"}"#,
        [201; 6],
    ),
    ("POST", "/v1/auth/login", r#"{"login":"{name}","password":"not the password"}"#, [401; 6]),
    ("POST", "/v1/auth/logout", "{}", SIGNED_IN_204),
    ("POST", "/v1/auth/logout-all", "{}", SIGNED_IN_204),
    ("POST", "/v1/ws-tickets", "{}", players(200)),
    ("GET", "/v1/me", "", SIGNED_IN),
    ("PATCH", "/v1/me", r#"{"username":"{name}"}"#, ACCOUNTS),
    ("DELETE", "/v1/me", "{}", SIGNED_IN_204),
    (
        "POST",
        "/v1/me/password",
        r#"{"current_password":"not the password","new_password":"four unlikely words together"}"#,
        ACCOUNTS,
    ),
    ("GET", "/v1/me/export", "", SIGNED_IN),
    ("GET", "/v1/players/{player}", "", SIGNED_IN),
    ("GET", "/v1/rooms", "", SIGNED_IN),
    ("POST", "/v1/rooms", r#"{"game":"relay"}"#, players(201)),
    ("GET", "/v1/rooms/{room}", "", SIGNED_IN),
    ("GET", "/v1/admin/supervision", "", admins(200)),
    ("POST", "/v1/admin/supervision/snapshot", "{}", admins(202)),
    ("GET", "/v1/admin/incidents", "", admins(200)),
    ("POST", "/v1/admin/chaos", r#"{"stall_db_ms":0}"#, admins(202)),
    ("PUT", "/v1/admin/log", r#"{"filter":"info"}"#, admins(204)),
    ("GET", "/v1/admin/players", "", moderators(200)),
    ("GET", "/v1/admin/players/{player}", "", moderators(200)),
    ("POST", "/v1/admin/players/{player}/ban", r#"{"reason":"x"}"#, moderators(201)),
    ("DELETE", "/v1/admin/players/{player}/ban", "{}", moderators(204)),
    ("PUT", "/v1/admin/players/{player}/role", r#"{"role":"moderator","reason":"x"}"#, admins(200)),
    ("POST", "/v1/admin/players/{player}/sign-out", r#"{"reason":"x"}"#, moderators(204)),
    ("GET", "/v1/admin/audit", "", admins(200)),
    ("GET", "/v1/admin/sanctions", "", moderators(200)),
    ("GET", "/ws", "", players(101)),
    ("GET", "/health", "", OPEN),
    ("GET", "/ready", "", OPEN),
    ("GET", "/live", "", OPEN),
    ("GET", "/metrics", "", OPEN),
    ("GET", "/.well-known/jwks.json", "", OPEN),
    ("GET", "/openapi.json", "", OPEN),
    ("GET", "/docs/errors", "", OPEN),
    // The last one: the server ends by it.
    ("POST", "/v1/admin/drain", "{}", admins(202)),
];

#[test]
fn every_route_has_its_row_and_no_row_is_without_a_route() {
    let methods = |&(path, methods): &(&'static str, &'static [&'static str])| {
        methods.iter().map(move |&method| (method, path))
    };
    let mut routes: Vec<_> = ROUTES.iter().flat_map(methods).collect();
    let mut rows: Vec<_> = ROWS.iter().map(|&(method, path, ..)| (method, path)).collect();
    routes.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, routes);
}

#[tokio::test]
async fn every_route_answers_everybody_as_the_table_says() {
    let stage = Stage::set().await;
    let mut wrong = Vec::new();
    for (n, row) in ROWS.iter().enumerate() {
        let (method, path, _, expected) = *row;
        let cast = stage.cast().await;
        let room = room_of(&stage, &cast).await;
        let path = path.replace("{player}", cast.player.id()).replace("{room}", &room);
        for (m, (who, player)) in EVERYBODY.into_iter().zip(cast.all()).enumerate() {
            let answer = ask(&stage, row, &path, player, &format!("n{n}of{m}")).await;
            if answer.status >= 400 {
                let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
                answer.problem(answer.status, &code);
            }
            if answer.status != expected[m] {
                wrong.push(format!("{method} {path} by {who}: {}, {answer:?}", expected[m]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A room that the player has made.
async fn room_of(stage: &Stage, cast: &Cast) -> String {
    let wish = json!({ "game": "relay" });
    let room = stage.server.post_as(&cast.player, "/v1/rooms", wish).await.ok(201);
    room["room"].as_str().unwrap().to_owned()
}

async fn ask(
    stage: &Stage,
    &(method, _, body, _): &Row,
    path: &str,
    player: Option<&Player>,
    name: &str,
) -> Answer {
    if path == "/ws" {
        let dial = Dial::new().format(Format::Json);
        let dial = match player {
            Some(player) => dial.bearer(player),
            None => dial,
        };
        return stage.server.upgrade(&dial).await;
    }
    let mut call = stage.server.call(method.parse().unwrap(), path);
    if let Some(player) = player {
        call = call.bearer_auth(player.access());
    }
    if !body.is_empty() {
        let refresh = player.map_or("nobody's", Player::refresh);
        let body = body.replace("{refresh}", refresh).replace("{name}", name);
        call = call.header("content-type", "application/json").body(body);
    }
    stage.server.answer(call).await
}
