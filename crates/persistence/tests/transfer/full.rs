//! A database with rows in every table: what may be NULL is it in some of them, and keys come in no order.

use std::path::Path;

use gamev1_persistence::{accounts::SecretHash, sqlite::FILE_NAME};
use gamev1_protocol::PlayerId;
use rusqlite::{Connection, ToSql, params_from_iter};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) const TABLES: usize = 15;
/// More than there are players: what one has two of is numbered from here, too.
const SECOND: u32 = 1_000_000;

/// The ids of revocations begin somewhere and have gaps.
pub(crate) fn revocation(number: u32) -> u64 {
    1_000 + 3 * u64::from(number)
}

/// The same for the same, and different from everything else.
pub(crate) fn hash(what: &str, number: u32, salt: &Uuid) -> SecretHash {
    let digest = Sha256::new().chain_update(what).chain_update(number.to_be_bytes());
    digest.chain_update(salt).finalize().into()
}

pub(crate) fn device(number: u32) -> SecretHash {
    hash("device", number, &Uuid::nil())
}

pub(crate) fn player(number: u32) -> PlayerId {
    PlayerId::from_uuid(id("player", number))
}

fn id(what: &str, number: u32) -> Uuid {
    let digest = hash(what, number, &Uuid::nil());
    Uuid::from_slice(&digest[..16]).unwrap()
}

type Cell = Box<dyn ToSql>;

fn blob(bytes: impl AsRef<[u8]>) -> Cell {
    Box::new(bytes.as_ref().to_vec())
}

fn uuid(what: &str, number: u32) -> Cell {
    blob(id(what, number))
}

fn secret(what: &str, number: u32) -> Cell {
    blob(hash(what, number, &Uuid::nil()))
}

fn text(text: impl Into<String>) -> Cell {
    Box::new(text.into())
}

fn int(int: impl Into<i64>) -> Cell {
    Box::new(int.into())
}

fn null() -> Cell {
    Box::new(None::<i64>)
}

/// NULL for all but each `n`th.
fn some(number: u32, n: u32, cell: Cell) -> Cell {
    if number.is_multiple_of(n) { cell } else { null() }
}

/// Fills a database that has its schema, and says how many rows that took.
pub(crate) fn fill(data_dir: &Path, players: u32) -> u64 {
    let mut sqlite = Connection::open(data_dir.join(FILE_NAME)).unwrap();
    sqlite.pragma_update(None, "foreign_keys", "ON").unwrap();
    let transaction = sqlite.transaction().unwrap();
    let mut rows = 0;
    for number in 0..players {
        rows += insert_one(&transaction, number);
    }
    transaction.commit().unwrap();
    sqlite.close().unwrap();
    rows
}

/// A player, and all that is theirs.
pub(crate) fn insert_one(sqlite: &Connection, number: u32) -> u64 {
    let of_one = account(number).into_iter().chain(sign_in(number)).chain(deeds(number));
    let mut rows = 0;
    for (table, cells) in of_one.chain(room(number)) {
        let values = vec!["?"; cells.len()].join(", ");
        let insert = format!("INSERT INTO {table} VALUES ({values})");
        let mut insert = sqlite.prepare_cached(&insert).unwrap();
        rows += insert.execute(params_from_iter(cells)).unwrap() as u64;
    }
    rows
}

type Rows = Vec<(&'static str, Vec<Cell>)>;

fn account(n: u32) -> Rows {
    let name = format!("Zoë \"{n}\"\n\u{1F3B2}");
    let role = if n.is_multiple_of(1_000) { "admin" } else { "player" };
    let at = i64::from(n) - 5_000;
    vec![
        (
            "players",
            vec![
                uuid("player", n),
                text(name),
                text(format!("zoë{n}")),
                int(n % 2),
                text(role),
                int(n % 7),
                int(at),
                int(i64::MAX),
                some(n, 2, text(format!("Zoe{n}@example.org"))),
                some(n, 2, text(format!("zoe{n}@example.org"))),
                int(u32::from(n.is_multiple_of(4))),
                some(n, 3, text(format!("z0e{n}"))),
            ],
        ),
        ("credentials", vec![uuid("player", n), text("$argon2id$v=19$m=8,t=1,p=1$YQ$YQ"), int(at)]),
        ("devices", vec![secret("device", n), uuid("player", n), int(at)]),
        ("known_devices", vec![uuid("player", n), secret("known", n), int(at)]),
        ("known_devices", vec![uuid("player", n), secret("known", n + SECOND), int(at)]),
        ("failed_logins", vec![secret("failed", n), text("address"), int(n + 1), int(at), int(0)]),
    ]
}

fn sign_in(n: u32) -> Rows {
    let (revoked, why) = (some(n, 3, int(n)), some(n, 3, text("signed_out")));
    let until = some(n, 5, int(n));
    let (old, new) = (secret("token", n), secret("token", n + SECOND));
    let whom = match n % 2 {
        0 => vec![uuid("sign-in", n), null(), null()],
        _ => vec![null(), uuid("player", n), int(1)],
    };
    let mut line = vec![int(i64::try_from(revocation(n)).unwrap())];
    line.extend(whom);
    line.extend([int(n), int(n)]);
    vec![
        (
            "sign_ins",
            vec![uuid("sign-in", n), uuid("player", n), int(0), int(n), revoked, why, until],
        ),
        (
            "refresh_tokens",
            vec![
                old,
                uuid("sign-in", n),
                null(),
                secret("token", n + SECOND),
                int(0),
                int(n),
                int(n),
            ],
        ),
        (
            "refresh_tokens",
            vec![new, uuid("sign-in", n), secret("token", n), null(), int(0), int(n), null()],
        ),
        ("revocations", line),
    ]
}

fn deeds(n: u32) -> Rows {
    let lifted = [some(n, 5, int(n)), some(n, 5, uuid("player", 0))];
    let [lifted_at, lifted_by] = lifted;
    vec![
        (
            "sanctions",
            vec![
                uuid("sanction", n),
                uuid("player", n),
                text(if n.is_multiple_of(2) { "ban" } else { "mute" }),
                some(n, 4, int(n)),
                text("because"),
                some(n, 2, uuid("player", 0)),
                int(0),
                lifted_at,
                lifted_by,
            ],
        ),
        (
            "audit",
            vec![
                uuid("entry", n),
                int(n),
                text("admin"),
                some(n, 2, uuid("player", 0)),
                text("ban"),
                text("player"),
                text(id("player", n).to_string()),
                some(n, 3, text(r#"{"role":"player"}"#)),
                some(n, 4, text(r#"{"role":"admin"}"#)),
                some(n, 5, text("")),
            ],
        ),
    ]
}

fn room(n: u32) -> Rows {
    let code = format!("{}{n}", ["b", "B", "a", "é"][n as usize % 4]);
    vec![
        (
            "rooms",
            vec![
                text(code.clone()),
                text("relay"),
                text(r#"{"rounds":3}"#),
                text("null"),
                int(n % 2),
                int(i32::MAX),
                int(i64::from(n) + 1),
                int(n),
                some(n, 2, int(n)),
                some(n, 2, text("ended")),
                some(n, 3, text("[1,2]")),
            ],
        ),
        (
            "game_sessions",
            vec![
                uuid("stay", n),
                text(code.clone()),
                some(n, 2, uuid("player", n)),
                int(n % 8),
                uuid("session", n),
                int(n),
                some(n, 2, int(n)),
                some(n, 3, text("\"won\"")),
            ],
        ),
        (
            "room_states",
            vec![
                text(code.clone()),
                int(1),
                int(n),
                int(n),
                blob(id("session", n)),
                blob(vec![(n % 256) as u8; n as usize % 300]),
            ],
        ),
        ("room_members", vec![uuid("session", n), text(code)]),
        ("session_states", vec![uuid("session", n), int(n), blob([])]),
    ]
}
