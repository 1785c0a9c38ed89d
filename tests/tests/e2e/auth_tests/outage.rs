//! While the database stands still: whoever was seen before plays on, and what has to be stored is refused.

use e2e::server::Setup;

use super::*;

#[tokio::test]
async fn players_who_were_seen_sign_in_by_token_and_resume_while_the_database_is_away() {
    let server = Setup::new().dev().start().await;
    let player = server.guest().await;
    let mut client = server.socket_of(&player, Format::Json).await;
    let stall = |ms: u64| server.post("/v1/admin/chaos", json!({ "stall_db_ms": ms }));
    assert_eq!(stall(60_000).await.status, 202);

    assert_eq!(server.get_as(&player, "/v1/me").await.ok(200)["id"], player.id());
    let mut another = server.socket_of(&player, Format::MsgPack).await;
    another.alive().await;
    client.cut();
    client.resume(&server).await;
    client.alive().await;
    // To say that one is signed out when a crash would undo it would be a lie.
    let logout = || server.post_as(&player, "/v1/auth/logout", json!({}));
    logout().await.problem(503, "unavailable");
    server.get_as(&player, "/v1/me").await.ok(200);

    assert_eq!(stall(0).await.status, 202);

    assert_eq!(logout().await.status, 204);
    for mut client in [client, another] {
        assert_eq!(client.closed().await.code, 4001);
    }
}
