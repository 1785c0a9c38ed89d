//! Rooms over HTTP, and how rooms are found, filled and left.

use super::*;

async fn list(server: &Server, player: &Player, query: &str) -> Vec<Value> {
    let listed = server.get_as(player, &format!("/v1/rooms?{query}")).await.ok(200);
    assert_eq!(listed["next_cursor"], Value::Null, "{listed}");
    listed["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn a_room_made_over_http_is_listed_shown_and_joined() {
    let server = Server::start().await;
    let player = server.guest().await;
    let wish = json!({ "game": "arena", "metadata": { "map": "ice" }, "players_max": 3 });
    let answer = server.post_as(&player, "/v1/rooms", wish).await;
    let made = answer.ok(201);
    let room = made["room"].as_str().unwrap();
    assert_eq!((&made["game"], &made["metadata"]), (&json!("arena"), &json!({ "map": "ice" })));
    assert_eq!((&made["players"], &made["players_max"]), (&json!(0), &json!(3)));
    assert_eq!(
        (&made["private"], &made["locked"], &made["state"]),
        (&json!(false), &json!(false), &json!("open"))
    );
    assert!(made["created_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{made}");
    let shown = server.get_as(&player, &format!("/v1/rooms/{room}")).await.ok(200);
    assert_eq!(shown, made);
    assert_eq!(list(&server, &player, "").await, std::slice::from_ref(&made));

    let mut ada = server.socket_of(&player, Format::Json).await;
    ada.join(room).await;
    let shown = server.get_as(&player, &format!("/v1/rooms/{room}")).await.ok(200);
    assert_eq!((&shown["players"], &shown["state"]), (&json!(1), &json!("open")));
    let mut others = [server.connect(Format::Json).await, server.connect(Format::MsgPack).await];
    for other in &mut others {
        other.join(room).await;
    }
    let shown = server.get_as(&player, &format!("/v1/rooms/{room}")).await.ok(200);
    assert_eq!((&shown["players"], &shown["state"]), (&json!(3), &json!("full")));
    let mut late = server.connect(Format::Json).await;
    let error = late.refused("room.join", json!({ "room": room }), "room_full").await;
    assert_eq!(error["temporary"], true);
}

#[tokio::test]
async fn lists_are_filtered_and_come_in_pages() {
    let server = Setup::new().unlimited().start().await;
    let player = server.guest().await;
    let mut made = Vec::new();
    for n in 0..7 {
        let game = if n < 3 { "relay" } else { "arena" };
        let wish = json!({ "game": game, "metadata": { "n": n, "odd": n % 2 == 1 } });
        made.push(server.post_as(&player, "/v1/rooms", wish).await.ok(201)["room"].clone());
    }
    server.post_as(&player, "/v1/rooms", json!({ "game": "relay", "private": true })).await.ok(201);
    let relays = list(&server, &player, "game=relay").await;
    assert_eq!(relays.len(), 3, "not the private one: {relays:?}");
    assert_eq!(list(&server, &player, "game=nothing").await, Vec::<Value>::new());
    // {"odd":true}
    let odd = list(&server, &player, "game=arena&where=%7B%22odd%22%3Atrue%7D").await;
    assert_eq!(odd.len(), 2, "{odd:?}");
    let (mut listed, mut query) = (Vec::new(), "limit=3".to_owned());
    for page in [3, 3, 1] {
        let answer = server.get_as(&player, &format!("/v1/rooms?{query}")).await.ok(200);
        let items = answer["items"].as_array().unwrap();
        assert_eq!(items.len(), page, "{answer}");
        listed.extend(items.iter().map(|item| item["room"].clone()));
        query = format!("limit=3&cursor={}", answer["next_cursor"].as_str().unwrap_or_default());
    }
    assert!(query.ends_with("cursor="), "the last page says so");
    let key = |room: &Value| room.to_string();
    listed.sort_by_key(key);
    made.sort_by_key(key);
    assert_eq!(listed, made, "each once");
    for wrong in
        ["limit=0", "limit=101", "limit=x", "cursor=nonsense", "where=nonsense", "where=%5B%5D"]
    {
        server.get_as(&player, &format!("/v1/rooms?{wrong}")).await.problem(400, "bad_request");
    }
}

#[tokio::test]
async fn the_same_call_under_the_same_key_makes_one_room() {
    let server = Server::start().await;
    let (player, other) = (server.guest().await, server.guest().await);
    let post = |player: &Player, key: &str, wish: Value| {
        let call = server.call(Method::POST, "/v1/rooms").bearer_auth(player.access());
        server.answer(call.header("idempotency-key", key).json(&wish))
    };
    let wish = json!({ "game": "relay", "metadata": { "n": 1 } });
    let made = post(&player, "a key", wish.clone()).await.ok(201);
    let again = post(&player, "a key", wish.clone()).await;
    assert!((200..300).contains(&again.status), "{again:?}");
    assert_eq!(again.json()["room"], made["room"]);
    post(&player, "a key", json!({ "game": "relay" })).await.problem(409, "conflict");
    // Another key, or the same one of another player, is another call.
    let mut rooms = vec![made["room"].clone()];
    for (player, key) in [(&player, "another key"), (&other, "a key")] {
        rooms.push(post(player, key, wish.clone()).await.ok(201)["room"].clone());
    }
    assert_eq!(list(&server, &player, "game=relay").await.len(), 3, "{rooms:?}");
    post(&player, &"k".repeat(65), wish).await.problem(400, "bad_request");
}

#[tokio::test]
async fn a_room_that_is_not_there_is_not_found() {
    let server = Server::start().await;
    let player = server.guest().await;
    server.get_as(&player, "/v1/rooms/0000000000").await.problem(404, "room_not_found");
    let answer = server.get_as(&player, "/v1/rooms/nonsense").await;
    assert!([400, 404].contains(&answer.status), "{answer:?}");
    server
        .post_as(&player, "/v1/rooms", json!({ "game": "chess" }))
        .await
        .problem(404, "game_not_found");
}

#[tokio::test]
async fn a_match_finds_an_open_room_that_fits_or_makes_one() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let desert = json!({ "game": "arena", "where": { "map": "desert" } });
    let made = ada.ok("room.match", desert.clone()).await;
    assert_eq!(made["metadata"], json!({ "map": "desert" }), "made as it was wished for");
    let found = bob.ok("room.match", desert.clone()).await;
    assert_eq!((&found["room"], &found["seat"]), (&made["room"], &json!(1)));
    // Whoever sits in it already wants another one.
    let another = bob.ok("room.match", desert.clone()).await;
    assert_ne!(another["room"], made["room"]);
    for other in [json!({ "game": "arena", "where": { "map": "ice" } }), json!({ "game": "relay" })]
    {
        let room = server.connect(Format::Json).await.ok("room.match", other).await["room"].clone();
        assert!(room != made["room"] && room != another["room"]);
    }
    // Private and full rooms are not found.
    let mut carol = server.connect(Format::Json).await;
    let wish = json!({ "game": "relay", "private": true, "metadata": { "kind": "secret" } });
    let private = carol.ok("room.create", wish).await;
    let wish = json!({ "game": "relay", "players_max": 1, "metadata": { "kind": "secret" } });
    let full = carol.ok("room.create", wish).await;
    let wish = json!({ "game": "relay", "where": { "kind": "secret" } });
    let found = bob.ok("room.match", wish).await;
    assert!(found["room"] != private["room"] && found["room"] != full["room"]);
    // By its code the private one is joined.
    bob.join(private["room"].as_str().unwrap()).await;
    bob.refused("room.match", json!({ "game": "chess" }), "game_not_found").await;
}

#[tokio::test]
async fn joining_twice_and_leaving_twice_are_refused() {
    let server = Server::start().await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("relay").await;
    ada.refused("room.join", json!({ "room": room }), "already_joined").await;
    ada.ok("room.leave", json!({ "room": room })).await;
    ada.refused("room.leave", json!({ "room": room }), "not_joined").await;
    ada.refused("room.leave", json!({ "room": "0000000000" }), "room_not_found").await;
    assert_eq!(ada.join(&room).await["seat"], 0);
}

#[tokio::test]
async fn a_players_next_session_takes_over_the_seat_where_the_game_allows_one() {
    let server = with_bomb().start().await;
    let player = server.guest().await;
    let mut old = server.socket_of(&player, Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = old.create("bomb").await;
    bob.join(&room).await;
    old.input(&room, 1, json!({ "add": 5 })).await;
    old.settled(&room, 1).await;
    let mut new = server.socket_of(&player, Format::MsgPack).await;
    let joined = new.join(&room).await;
    assert_eq!((&joined["seat"], &joined["input_seq"]), (&json!(0), &json!(1)));
    let closed = old.push("room.closed").await;
    assert_eq!((&closed["room"], &closed["reason"]), (&json!(room), &json!("moved")));
    assert_eq!(new.view(&room, "its state", |_| true).await.at("/sums/0"), Some(&json!(5)));
    new.input(&room, 2, json!({ "add": 1 })).await;
    bob.view(&room, "the input", |view| view.at("/sums/0") == Some(&json!(6))).await;
    old.alive().await;
    old.refused("room.input", json!({ "room": room, "seq": 2, "input": {} }), "not_joined").await;
    assert!(!bob.has_push("room.left") && !bob.has_push("room.joined"));
}

#[tokio::test]
async fn a_session_may_sit_in_several_rooms_at_once() {
    let server = with_bomb().start().await;
    let mut ada: Client = server.connect(Format::MsgPack).await;
    let rooms = [ada.create("bomb").await, ada.create("arena").await, ada.create("bomb").await];
    ada.input(&rooms[0], 1, json!({ "add": 1 })).await;
    ada.input(&rooms[2], 1, json!({ "add": 2 })).await;
    for room in &rooms {
        ada.view(room, "a state", |_| true).await;
    }
    assert_eq!(ada.settled(&rooms[0], 1).await.at("/sums/0"), Some(&json!(1)));
    assert_eq!(ada.settled(&rooms[2], 1).await.at("/sums/0"), Some(&json!(2)));
    ada.ok("room.leave", json!({ "room": rooms[0] })).await;
    ada.ticks(&rooms[2], 2).await;
}
