//! Search and view.

use super::*;

#[tokio::test]
async fn players_are_found_by_name_and_seen_with_what_they_do() {
    let server = Setup::new().unlimited().start().await;
    let moderator = Operator::new(&server, "the-moderator", "moderator").await;
    let mut guests = Vec::new();
    for _ in 0..3 {
        guests.push(server.guest().await);
    }
    let player = &guests[0];
    let mut names: Vec<_> = guests.iter().map(|it| it.username().to_owned()).collect();
    names.sort_by_key(|name| name.to_lowercase());

    let first = moderator.get(&server, "/v1/admin/players?query=GUEST-&limit=2").await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/admin/players?query=GUEST-&limit=2&cursor={cursor}");
    let second = moderator.get(&server, &path).await.ok(200);
    let found: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|item| item["username"].as_str().unwrap())
        .collect();
    assert_eq!(found, names);
    assert_eq!(second["next_cursor"], Value::Null);

    let one = format!("/v1/admin/players?query={}", player.username());
    let row = moderator.get(&server, &one).await.ok(200)["items"][0].clone();
    assert_eq!((&row["id"], &row["guest"]), (&json!(player.id()), &json!(true)));
    assert_eq!((&row["role"], row["created_at"].is_string()), (&json!("player"), true));

    let mut client = server.socket_of(player, Format::Json).await;
    let room = client.create("relay").await;
    let view = moderator.get(&server, &at(player, "")).await.ok(200);
    assert_eq!((&view["username"], &view["id"]), (&row["username"], &row["id"]));
    let session = &view["sessions"][0];
    assert_eq!((&session["connected"], &session["rooms"]), (&json!(true), &json!([room])));
    assert_eq!(session["session"], client.welcome["session"]);
    assert_eq!(view["sanctions"], json!([]));

    let ban = moderator.post(&server, &at(player, "/ban"), json!({ "reason": "x" })).await.ok(201);
    assert_eq!(client.closed().await.code, 4003);
    let view = moderator.get(&server, &at(player, "")).await.ok(200);
    assert_eq!(view["sanctions"], json!([ban]));
}

#[tokio::test]
async fn a_search_that_cannot_be_is_told_what_is_wrong_with_it() {
    let server = Setup::new().unlimited().start().await;
    let moderator = Operator::new(&server, "the-moderator", "moderator").await;
    let long = "x".repeat(255);
    for (query, pointer) in [
        ("limit=0".to_owned(), "/limit"),
        ("limit=101".to_owned(), "/limit"),
        ("cursor=%C3%A4".to_owned(), "/cursor"),
        ("cursor=____".to_owned(), "/cursor"),
        (format!("query={long}"), "/query"),
        ("query=%00".to_owned(), "/query"),
    ] {
        let answer = moderator.get(&server, &format!("/v1/admin/players?{query}")).await;
        let problem = answer.problem(400, "bad_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
    }
    let nobody = "01890000-0000-7000-8000-000000000000";
    for id in [nobody, "nobody", "%00"] {
        let answer = moderator.get(&server, &format!("/v1/admin/players/{id}")).await;
        answer.problem(404, "player_not_found");
    }
}
