//! What an import refuses, and that the database is then as it was.

use super::*;

/// A guest in a database of that place, and a file with everything in it.
async fn exported(from: &Place) -> PathBuf {
    let store = from.open().await;
    let new = || NewGuest { id: full::player(1), username: "Guest-1".to_owned() };
    store.guest(full::device(1), NOW, &new).await.unwrap();
    let file = from.file("export");
    // A player, and their device.
    assert_eq!(from.export(&file).await.unwrap(), 2);
    store.close().await;
    file
}

async fn a_file_that_is_damaged_or_of_another_schema_changes_nothing(into: Place) {
    let from = Place::sqlite();
    let file = exported(&from).await;
    let text = fs::read_to_string(&file).unwrap();
    into.migrate().await;
    let wrong = from.file("wrong");

    fs::write(&wrong, &text[..text.len() - 40]).unwrap();
    let refused = into.import(&wrong).await.unwrap_err();
    assert!(matches!(refused, TransferError::Damaged { .. }), "{refused}");
    fs::write(&wrong, text.replace("Guest-1", "Guest-2")).unwrap();
    let refused = into.import(&wrong).await.unwrap_err();
    assert!(matches!(refused, TransferError::Damaged { .. }), "{refused}");
    fs::write(&wrong, text.replace("\"schema\":", "\"schema\":1")).unwrap();
    let refused = into.import(&wrong).await.unwrap_err();
    assert!(matches!(refused, TransferError::OtherSchema(..)) && refused.is_final(), "{refused}");

    assert_eq!(into.import(&file).await.unwrap(), 2, "it was not empty any more");
}

/// A row that the database does not take, in a file that is as it was written.
async fn a_row_that_is_refused_takes_all_others_with_it(into: Place) {
    let from = Place::sqlite();
    from.migrate().await;
    let sqlite = rusqlite::Connection::open(from.data().join("gamev1.db")).unwrap();
    sqlite.pragma_update(None, "foreign_keys", "OFF").unwrap();
    full::insert_one(&sqlite, 1);
    sqlite.execute("UPDATE devices SET player_id = zeroblob(16)", ()).unwrap();
    sqlite.close().unwrap();
    let file = from.file("export");
    from.export(&file).await.unwrap();
    into.migrate().await;

    let refused = into.import(&file).await.unwrap_err();

    assert!(matches!(refused, TransferError::Store(_)), "{refused}");
    assert_eq!(into.export(&into.file("after")).await.unwrap(), 0);
}

async fn a_database_that_has_something_or_has_no_schema_is_left_alone(into: Place) {
    let from = Place::sqlite();
    let file = exported(&from).await;
    let refused = into.import(&file).await.unwrap_err();
    assert!(matches!(refused, TransferError::NoSchema | TransferError::NoDatabase(_)), "{refused}");

    let store = into.open().await;
    let refused = into.import(&file).await.unwrap_err();
    assert!(matches!(refused, TransferError::InUse), "{refused}");
    let new = || NewGuest { id: full::player(2), username: "Guest-2".to_owned() };
    let guest = store.guest(full::device(2), NOW, &new).await.unwrap();
    store.close().await;
    drop(store);

    let refused = into.import(&file).await.unwrap_err();
    assert!(matches!(refused, TransferError::NotEmpty("players")), "{refused}");
    assert!(refused.is_final());
    let store = into.open().await;
    assert_eq!(store.player(guest.id).await.unwrap(), Some(guest));
    assert_eq!(store.player(full::player(1)).await.unwrap(), None);
}

macro_rules! on_both {
    ($($case:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(super::Place::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(super::Place::postgres()).await;
            })+
        }
    };
}

on_both! {
    a_file_that_is_damaged_or_of_another_schema_changes_nothing
    a_row_that_is_refused_takes_all_others_with_it
    a_database_that_has_something_or_has_no_schema_is_left_alone
}

#[tokio::test]
async fn an_export_is_for_its_owner_alone_and_replaces_nothing() {
    let from = Place::sqlite();
    let file = exported(&from).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(&file).unwrap();
    let refused = from.export(&file).await.unwrap_err();
    assert!(matches!(&refused, TransferError::Exists(path) if *path == file), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(!from.file("export.partial").exists());
}

#[tokio::test]
async fn of_a_database_without_a_schema_nothing_is_written() {
    for place in [Place::sqlite(), Place::postgres()] {
        fs::create_dir(place.data()).unwrap();
        if place.url.is_none() {
            fs::write(place.data().join("gamev1.db"), "").unwrap();
        }
        let file = place.file("export");
        let refused = place.export(&file).await.unwrap_err();
        assert!(matches!(refused, TransferError::NoSchema), "{refused}");
        assert!(!file.exists() && !place.file("export.partial").exists());
    }
}
