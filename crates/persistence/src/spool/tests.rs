//! What was spooled is read back whole, or set aside.

use std::time::Duration;

use gamev1_actors::ports::{RoomRecord, RoomSave, SessionSave};
use gamev1_protocol::{RoomId, SessionId};
use tempfile::TempDir;

use super::*;
use crate::{Database, Sqlite, SqliteOptions};

fn spooled(n: u64) -> Spooled {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000 + n);
    let (room, session) = (RoomId::from_bits(n), SessionId::new());
    let image = bytes::Bytes::from(vec![n as u8; 100]);
    let left = RoomRecord::SeatLeft { game_session: uuid::Uuid::now_v7(), result: None, at };
    let members = vec![session];
    Spooled {
        records: vec![left],
        rooms: vec![RoomSave { room, owner_epoch: 1, at, image: image.clone(), members }],
        sessions: vec![SessionSave { session, at, image }],
    }
}

async fn database(home: &TempDir) -> Sqlite {
    let store = Sqlite::open(SqliteOptions::new(home.path())).await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn names(spool: &SpoolDir) -> Vec<String> {
    let entries = fs::read_dir(&spool.path).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn what_was_spooled_is_in_the_database_afterwards_and_the_files_are_gone() {
    let home = tempfile::tempdir().unwrap();
    let (store, spool) = (database(&home).await, SpoolDir::new(home.path()));
    assert_eq!(spool.absorb(&store).await.unwrap(), Absorbed::default());
    let (first, second) = (spooled(1), spooled(2));
    spool.write(&first).unwrap();
    spool.write(&second).unwrap();

    let absorbed = spool.absorb(&store).await.unwrap();

    assert_eq!(absorbed, Absorbed { files: 2, rooms: 2, sessions: 2, unreadable: 0 });
    assert_eq!(names(&spool), [""; 0]);
    for spooled in [first, second] {
        let (room, session) = (&spooled.rooms[0], &spooled.sessions[0]);
        assert_eq!(store.rooms_of_session(session.session).await.unwrap(), [room.room]);
        let claimed = store.claim(room.room, room.at).await.unwrap().unwrap();
        assert_eq!((claimed.owner_epoch, claimed.image), (2, room.image.clone()));
        let taken = store.take_sessions(&[session.session]).await.unwrap();
        assert_eq!(taken, std::slice::from_ref(session));
    }
}

#[tokio::test]
async fn a_torn_file_is_set_aside_and_those_behind_it_are_read() {
    let home = tempfile::tempdir().unwrap();
    let (store, spool) = (database(&home).await, SpoolDir::new(home.path()));
    spool.write(&spooled(1)).unwrap();
    let torn = spool.files().unwrap().remove(0);
    let bytes = fs::read(&torn).unwrap();
    fs::write(&torn, &bytes[..bytes.len() - 1]).unwrap();
    spool.write(&spooled(2)).unwrap();

    let absorbed = spool.absorb(&store).await.unwrap();

    assert_eq!(absorbed, Absorbed { files: 1, rooms: 1, sessions: 1, unreadable: 1 });
    let left = names(&spool);
    assert!(left.len() == 1 && left[0].ends_with(".bad"), "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_spool_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let spool = SpoolDir::new(home.path());
    spool.write(&spooled(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&spool.path), mode(&spool.files().unwrap()[0])), (0o700, 0o600));
}
