//! `gamev1 admin create`: the first admin, who signs in by password and makes the others.

use super::*;

async fn create(server: &Server, name: &str, email: &str) -> std::process::Output {
    server.command("admin", &["create", "--username", name, "--email", email]).await
}

#[tokio::test]
async fn the_first_admin_signs_in_with_the_password_that_was_printed_once() {
    let server = Setup::new().unlimited().start().await;
    let output = create(&server, "Ada", "ada@example.org").await;
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let (admin, password) = said.trim().split_once("\npassword ").unwrap();
    assert!(password.len() >= 24, "{said}");
    let another = create(&server, "bea", "bea@example.org").await;
    let another = String::from_utf8(another.stdout).unwrap();
    assert!(!another.contains(password), "each has a password of their own");

    let login = json!({ "login": "ada@example.org", "password": password });
    let tokens = server.post("/v1/auth/login", login).await.ok(200);
    let ada = Player { tokens };
    assert_eq!(admin, format!("admin Ada {}", ada.id()));
    assert_eq!(ada.tokens["player"]["role"], "admin");

    let log = server.get_as(&ada, &format!("/v1/admin/audit?target={}", ada.id())).await.ok(200);
    let [entry] = log["items"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(entry["actor"], json!({ "kind": "command_line", "player": null }));
    assert_eq!(entry["action"], "create_admin");
    assert_eq!(entry["after"], json!({ "username": "Ada", "role": "admin" }));
    assert!(!log.to_string().contains(password));

    let found = server.get_as(&ada, "/v1/admin/players?query=BEA@example.org").await.ok(200);
    assert_eq!(found["items"][0]["username"], "bea");
    assert_eq!(found["items"][0]["email"], "bea@example.org");
    let moderator = Operator::new(&server, "the-moderator", "moderator").await;
    let by_address = moderator.get(&server, "/v1/admin/players?query=bea@example.org").await;
    by_address.problem(403, "forbidden");
    let by_name = moderator.get(&server, "/v1/admin/players?query=bea").await.ok(200);
    assert_eq!(by_name["items"][0].get("email"), None);
}

#[tokio::test]
async fn an_admin_that_cannot_be_is_refused_and_nothing_is_made() {
    let server = Setup::new().unlimited().start().await;
    assert!(create(&server, "ada", "ada@example.org").await.status.success());
    for (name, email, why) in [
        ("ADA", "else@example.org", "the username is taken"),
        ("else", "ADA@example.org", "the e-mail address is taken"),
        ("else", "nowhere", "e-mail"),
        ("x", "else@example.org", "3 to 32 characters"),
        ("admin", "else@example.org", "reserved"),
    ] {
        let output = create(&server, name, email).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains(why)), (Some(2), true), "{name}: {said}");
        assert!(output.stdout.is_empty(), "no password of nobody");
    }
    // Nothing comes by the standard input here, and that is no password.
    let args = ["create", "--username", "bea", "--email", "bea@example.org", "--password-stdin"];
    let output = server.command("admin", &args).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
