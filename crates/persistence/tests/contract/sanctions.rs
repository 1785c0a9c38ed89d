//! Bans and mutes.

use gamev1_actors::ports::{Sanction, SanctionKind, audit::AuditEntry};
use gamev1_protocol::PlayerId;
use uuid::Uuid;

use crate::world::{at, entry};
use gamev1_persistence::Database;

fn ban(player: PlayerId, until: Option<u64>) -> Sanction {
    Sanction {
        id: Uuid::now_v7(),
        player,
        kind: SanctionKind::Ban,
        until: until.map(at),
        reason: "spoils it for others".into(),
        by: Some(PlayerId::new()),
        at: at(1),
    }
}

pub(crate) async fn those_that_hold_are_read_in_pages_and_ended_ones_are_not<S: Database>(
    store: S,
) {
    let player = PlayerId::new();
    let (short, long) = (ban(player, Some(10)), ban(player, Some(1_000)));
    let open = Sanction { kind: SanctionKind::Mute, by: None, ..ban(player, None) };
    for sanction in [&short, &long, &open, &open] {
        let entry = entry(sanction.player, "ban", sanction.player);
        store.impose(sanction, &entry).await.unwrap();
    }

    let active = store.active(at(5), None, 2).await.unwrap();
    assert_eq!(active, [short.clone(), long.clone()]);
    assert_eq!(store.active(at(5), Some(long.id), 2).await.unwrap(), std::slice::from_ref(&open));
    assert_eq!(store.active(at(10), None, 9).await.unwrap(), [long, open]);
}

pub(crate) async fn a_lifted_sanction_holds_no_more<S: Database>(store: S) {
    let (player, other) = (PlayerId::new(), PlayerId::new());
    let mute = Sanction { kind: SanctionKind::Mute, ..ban(player, None) };
    let theirs = ban(other, None);
    for sanction in [&ban(player, None), &ban(player, Some(50)), &mute, &theirs] {
        let entry = entry(sanction.player, "ban", sanction.player);
        store.impose(sanction, &entry).await.unwrap();
    }
    let lift = AuditEntry { at: at(20), ..entry(other, "lift_ban", player) };
    assert!(store.lift(player, SanctionKind::Ban, &lift).await.unwrap());
    assert!(!store.lift(player, SanctionKind::Ban, &lift).await.unwrap());
    assert_eq!(store.active(at(21), None, 9).await.unwrap(), [mute, theirs]);
}
