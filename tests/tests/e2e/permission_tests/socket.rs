//! Every request of a socket: what it answers to a member of the room and to everybody else.

use gamev1_protocol::Request;

use super::*;

/// Type and data, and for each of [`EVERYBODY`] the error code, or none when it is done. `{room}` is a room with the player
/// in it and nobody else; `{token}` is the access token of whoever asks.
type Row = (&'static str, &'static str, [&'static str; 6]);

/// Nobody, and whoever is banned, has no socket to ask by.
const ANYONE: [&str; 6] = ["unauthenticated", "", "", "banned", "", ""];
const MEMBERS: [&str; 6] =
    ["unauthenticated", "", "not_joined", "banned", "not_joined", "not_joined"];

const ROWS: &[Row] = &[
    ("ping", "{}", ANYONE),
    ("auth.refresh", r#"{"access_token":"{token}"}"#, ANYONE),
    ("room.create", r#"{"game":"relay"}"#, ANYONE),
    (
        "room.join",
        r#"{"room":"{room}"}"#,
        ["unauthenticated", "already_joined", "", "banned", "", ""],
    ),
    ("room.match", r#"{"game":"arena"}"#, ANYONE),
    ("room.leave", r#"{"room":"{room}"}"#, MEMBERS),
    // The game itself refuses it: relay takes no inputs.
    (
        "room.input",
        r#"{"room":"{room}","seq":1,"input":{}}"#,
        ["unauthenticated", "input_refused", "not_joined", "banned", "not_joined", "not_joined"],
    ),
    ("room.send", r#"{"room":"{room}","payload":1}"#, MEMBERS),
    ("room.sync", r#"{"room":"{room}"}"#, MEMBERS),
];

#[test]
fn every_request_has_its_row_and_no_row_is_without_a_request() {
    let types: Vec<_> = Request::TYPES.iter().map(|(kind, _)| *kind).collect();
    let rows: Vec<_> = ROWS.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(rows, types);
}

#[tokio::test]
async fn every_request_answers_everybody_as_the_table_says() {
    let stage = Stage::set().await;
    let mut wrong = Vec::new();
    for row in ROWS {
        let cast = stage.cast().await;
        let mut member = stage.server.socket_of(&cast.player, Format::Json).await;
        let room = member.create("relay").await;
        for ((who, player), expected) in EVERYBODY.into_iter().zip(cast.all()).zip(row.2) {
            let code = match player {
                Some(player) if player.id() == cast.player.id() => {
                    ask(&mut member, row, player, &room).await
                }
                player => by_another(&stage, row, player, &room).await,
            };
            if code != expected {
                wrong.push(format!("{} by {who}: {code:?}, not {expected:?}", row.0));
            }
            if row.0 == "room.leave" && who == "player" {
                // For the others there is to be somebody in it.
                member.join(&room).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The code of the refusal, be it of the request or of the socket; nothing when it was done.
async fn by_another(stage: &Stage, row: &Row, player: Option<&Player>, room: &str) -> String {
    let dial = Dial::new().format(Format::Json);
    let dial = match player {
        Some(player) => dial.bearer(player),
        None => dial,
    };
    let upgrade = stage.server.upgrade(&dial).await;
    let Some(player) = player.filter(|_| upgrade.status == 101) else {
        return upgrade.json()["code"].as_str().unwrap().to_owned();
    };
    ask(&mut stage.server.dial(&dial).await, row, player, room).await
}

async fn ask(client: &mut Client, &(kind, data, _): &Row, player: &Player, room: &str) -> String {
    let data = data.replace("{room}", room).replace("{token}", player.access());
    match client.request(kind, serde_json::from_str(&data).unwrap()).await {
        Ok(_) => String::new(),
        Err(error) => error["code"].as_str().unwrap().to_owned(),
    }
}
