//! Each kind of actor crashes in a running server under light load. What players see, what restarts and what stays is
//! the table of `docs/supervision.md`, row by row.

mod operators;
mod scene;
mod table;

use e2e::{
    client::{Client, Dial, Format},
    http::Answer,
    server::{Server, Setup, Stop},
};
use reqwest::Method;
use serde_json::{Value, json};

use self::{
    scene::Scene,
    table::{ROWS, Row, Seen},
};
use crate::with_bomb;

/// Crashes that one actor survives in a row; the budgets of the supervision file allow them.
const IN_A_ROW: u64 = 3;

async fn crash_in_a_row(row: &Row) {
    let mut scene = Scene::set().await;
    for n in 1..=IN_A_ROW {
        scene.crash(row, n).await;
        scene.everything_goes_on(row, n).await;
    }
}

/// The rows of one half of the table, each in a server of its own: crashes of supervisors count against the root.
async fn each(wanted: impl Fn(&Row) -> bool) {
    let rows: Vec<_> = ROWS.iter().filter(|row| wanted(row)).collect();
    assert!(!rows.is_empty());
    for pair in rows.chunks(2) {
        let crashing = pair.iter().map(|row| crash_in_a_row(row));
        futures_util::future::join_all(crashing).await;
    }
}

#[tokio::test]
async fn any_actor_crashes_three_times_in_a_row_and_everybody_plays_on() {
    each(|row| !row.crash.starts_with("supervisor:")).await;
}

#[tokio::test]
async fn any_supervisor_crashes_three_times_in_a_row_and_everybody_plays_on() {
    each(|row| row.crash.starts_with("supervisor:")).await;
}

#[test]
fn the_document_has_the_table_that_is_tested() {
    let document = include_str!("../../../docs/supervision.md");
    for Row { crash, see, restarts, stays, .. } in ROWS {
        let line = format!("| `{crash}` | {see} | {restarts} | {stays} |");
        assert!(document.lines().any(|it| it == line), "docs/supervision.md lacks\n{line}");
    }
    let rows =
        document.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 5);
    let table: Vec<_> =
        rows.filter(|line| ROWS.iter().any(|row| line.contains(row.stays))).collect();
    assert_eq!(table.len(), ROWS.len(), "docs/supervision.md has a row too many: {table:#?}");
}
