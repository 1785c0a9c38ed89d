//! The whole tree: that it is made of the names that the supervision file may use, and what becomes of a room that it
//! gives up.

use std::time::UNIX_EPOCH;

use super::*;
use crate::{
    registry::State,
    supervisor::quarantine::{Apart, Kept},
    tree::outline::{ROOT, below},
};

#[tokio::test(start_paused = true)]
async fn the_tree_has_the_names_of_the_outline_and_no_others() {
    let world = World::new().await;
    let registry = &world.vault().registry;
    let mut expected = vec![format!("/{ROOT}")];
    for branch in below(ROOT) {
        expected.push(format!("/{ROOT}/{branch}"));
        expected.extend(below(branch).into_iter().map(|child| format!("/{ROOT}/{branch}/{child}")));
    }
    expected.sort();
    let paths: Vec<_> = registry.all().iter().map(|meta| meta.path.to_string()).collect();
    assert_eq!(paths, expected);
    assert!(registry.all().iter().all(|meta| meta.state() == State::Running));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_given_up_is_kept_apart_and_whoever_asks_for_it_is_told_until_when() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.client("alice").await, world.client("bob").await);
    let create = json!({ "game": "sums", "options": { "hz": 20 } });
    let room = alice.call("room.create", create.clone()).await.unwrap()["room"].clone();
    let other = bob.call("room.create", create).await.unwrap()["room"].clone();
    let label = format!("room:{}", room.as_str().unwrap());
    let registry = &world.vault().registry;
    let meta = registry.named(&label).unwrap();
    let mut crashes = 0;
    while meta.state() != State::Quarantined {
        assert!(meta.crash(), "crash {crashes}");
        crashes += 1;
        assert!(crashes <= 11, "its budget is ten restarts in ten seconds");
        sleep(Duration::from_millis(700)).await;
    }
    let closed = alice.expect("room.closed").await;
    assert_eq!((&closed["room"], &closed["reason"]), (&room, &json!("crashed")));

    let asked = SystemTime::now();
    let join = json!({ "room": room });
    let error = bob.call("room.join", join.clone()).await.unwrap_err();
    assert_eq!((&error["code"], &error["temporary"]), (&json!("room_closed"), &json!(false)));
    assert_eq!(error["message"], "the room failed too often and is kept apart");
    assert_eq!(error["details"]["reason"], "crashed");
    let until = UNIX_EPOCH + Duration::from_millis(error["details"]["until_ms"].as_u64().unwrap());
    let left = until.duration_since(asked).unwrap();
    assert!((590..=600).contains(&left.as_secs()), "{left:?}");
    let Kept { why, .. } = world.vault().rooms_apart.get(&label).unwrap();
    assert_eq!(why, Apart::Crashed);
    // Those who look at the tree see it; it can be asked for nothing.
    assert_eq!(registry.named(&label).unwrap().state(), State::Quarantined);
    assert!(!meta.crash());
    // It keeps neither its game nor its supervisor's restart.
    world.vault().room_supervisor.get().unwrap().stop(None);
    sleep(Duration::from_secs(300)).await;
    assert_eq!(registry.named(&label).unwrap().state(), State::Quarantined);
    assert_eq!(alice.refusal("room.join", join.clone()).await, "room_closed");

    sleep(Duration::from_secs(301)).await;

    assert_eq!(alice.refusal("room.join", join).await, "room_not_found");
    assert!(registry.named(&label).is_none());
    alice.call("room.join", json!({ "room": other })).await.unwrap();
}
