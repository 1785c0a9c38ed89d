//! Who may what: every route and every request of a socket, tried by everybody, against one table each. A route or request
//! that is new has no row, and then these tests fail.

mod http;
mod socket;

use e2e::{
    client::{Client, Dial, Format},
    http::{Answer, Player},
    server::{Server, Setup},
};
use reqwest::Method;
use serde_json::{Value, json};

/// Everybody who tries, in this order: what an operator does may end what a player has.
const EVERYBODY: [&str; 6] = ["nobody", "player", "other player", "banned", "moderator", "admin"];

/// A server, and an admin who can make others what they are to be.
struct Stage {
    server: Server,
    root: String,
}

/// Those of one scene, new ones each time.
struct Cast {
    player: Player,
    other: Player,
    banned: Player,
    moderator: Player,
    admin: Player,
}

impl Stage {
    async fn set() -> Stage {
        let server = Setup::new().unlimited().arg("--chaos").start().await;
        let output = server.command("token", &["--username", "root", "--role", "admin"]).await;
        assert!(output.status.success(), "{output:?}");
        let root = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Stage { server, root }
    }

    async fn as_root(&self, method: Method, path: &str, body: Value) -> Answer {
        let call = self.server.call(method, path).bearer_auth(&self.root).json(&body);
        self.server.answer(call).await
    }

    /// A player with that role, whose tokens say so.
    async fn with_role(&self, role: &str) -> Player {
        let player = self.server.guest().await;
        let path = format!("/v1/admin/players/{}/role", player.id());
        let wish = json!({ "role": role, "reason": "is to try" });
        self.as_root(Method::PUT, &path, wish).await.ok(200);
        let refresh = json!({ "refresh_token": player.refresh() });
        Player { tokens: self.server.post("/v1/auth/refresh", refresh).await.ok(200) }
    }

    async fn ban(&self, player: &Player) {
        let path = format!("/v1/admin/players/{}/ban", player.id());
        self.as_root(Method::POST, &path, json!({ "reason": "is to try" })).await.ok(201);
    }

    async fn cast(&self) -> Cast {
        let (player, other) = (self.server.guest().await, self.server.guest().await);
        let banned = self.server.guest().await;
        self.ban(&banned).await;
        let moderator = self.with_role("moderator").await;
        Cast { player, other, banned, moderator, admin: self.with_role("admin").await }
    }
}

impl Cast {
    /// Those of [`EVERYBODY`], in its order.
    fn all(&self) -> [Option<&Player>; 6] {
        let Cast { player, other, banned, moderator, admin } = self;
        [None, Some(player), Some(other), Some(banned), Some(moderator), Some(admin)]
    }
}

#[tokio::test]
async fn an_operator_who_is_banned_operates_no_more() {
    let stage = Stage::set().await;
    for role in ["moderator", "player"] {
        let (operator, player) = (stage.with_role(role).await, stage.server.guest().await);
        let ban = format!("/v1/admin/players/{}/ban", player.id());
        stage.ban(&operator).await;
        let code = if role == "moderator" { "banned" } else { "forbidden" };
        let wish = json!({ "reason": "revenge" });
        stage.server.post_as(&operator, &ban, wish).await.problem(403, code);
        stage.server.get_as(&operator, "/v1/admin/players").await.problem(403, code);
    }
}
