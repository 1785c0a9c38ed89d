//! `supervision.toml` from the command line: checked, printed, refused by `serve` before any port is bound.

use super::*;

const OWN: &str = include_str!("../../../../supervision.toml");

/// A file beside the server's data.
fn write(server: &Server, name: &str, text: &str) -> String {
    let path = server.data_dir().with_file_name(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn line(of: &str) -> usize {
    OWN.lines().position(|line| line.contains(of)).unwrap() + 1
}

#[tokio::test]
async fn a_mistake_is_refused_with_file_line_key_what_was_expected_and_what_was_given() {
    let server = Server::start().await;
    for (from, to, line, what) in [
        (
            "intensity = 3",
            "intensty = 3",
            line("intensity = 3"),
            "supervisor.root.intensty: expected one of strategy, intensity, period_s, backoff, children, got intensty",
        ),
        (
            "[supervisor.storage]",
            "[supervisor.storeroom]",
            line("[supervisor.storage]"),
            "supervisor.storeroom: expected one of root, storage, directory, door, got storeroom",
        ),
        (
            "intensity = 10",
            "intensity = -1",
            line("intensity = 10"),
            "supervisor.storage.intensity: expected an integer within 0..=1000000, got -1",
        ),
        (OWN, "this is no TOML", 1, "TOML: expected a key with a value, or a table, got "),
    ] {
        let file = write(&server, "wrong.toml", &OWN.replacen(from, to, 1));
        let told = format!("{file}:{line}: {what}");

        let output = server.program(&["supervision", "check", &file]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with(&told), "{told}\n{said}");

        // The address is taken: who binds first would complain of that.
        let taken = server.address().to_string();
        let args = ["--addr", &taken, "--supervision", &file];
        let output = server.command("serve", &args).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&told), "{told}\n{said}");
    }
}

#[tokio::test]
async fn what_is_printed_is_the_whole_tree_and_is_right() {
    let server = Server::start().await;
    let output = server.program(&["supervision", "print"]).await;
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8(output.stdout).unwrap();
    for part in [
        "[supervisor.root]",
        "store = { restart = \"permanent\", shutdown_ms = 5000 }",
        "jitter = ",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }

    let whole = write(&server, "whole.toml", &printed);
    let output = server.program(&["supervision", "check", &whole]).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{whole} is right\n"));
    let output = server.program(&["supervision", "print", "--supervision", &whole]).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), printed);

    let other = write(&server, "other.toml", &OWN.replacen("jitter = 0.1", "jitter = 0.5", 1));
    let output = server.program(&["supervision", "print", "--supervision", &other]).await;
    assert!(String::from_utf8_lossy(&output.stdout).contains("jitter = 0.5"));
    let output = server.program(&["supervision", "check", "no/such/file.toml"]).await;
    assert_eq!(output.status.code(), Some(2));
}
