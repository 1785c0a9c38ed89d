//! The audit log, and the deeds that are done with its entries.

use gamev1_actors::ports::{
    Revoked, Sanction, SanctionKind,
    audit::{AuditActor, AuditEntry, AuditTarget},
};
use gamev1_persistence::{
    Database,
    accounts::{NewPlayer, Role, Rotate, Rotation},
    audit::{RoleRefused, Wanted},
    credentials::{Login, Registration, Taken},
};
use gamev1_protocol::PlayerId;
use serde_json::json;
use uuid::Uuid;

use crate::world::{a_player, at, entry, new_player, new_sign_in, secret};

async fn all<S: Database>(store: &S) -> Vec<AuditEntry> {
    store.entries(&Wanted::default(), 99).await.unwrap()
}

pub(crate) async fn entries_are_read_back_the_latest_first_and_by_who_whom_and_what<S: Database>(
    store: S,
) {
    let (admin, other, player) = (PlayerId::new(), PlayerId::new(), PlayerId::new());
    let whole = entry(admin, "ban", player).after(json!({ "until_ms": null, "n": [1, "ü"] }));
    let whole = AuditEntry { before: Some(json!({ "role": "player" })), ..whole };
    let target = AuditTarget { kind: "actor".into(), id: "store".into() };
    let bare = AuditEntry::new(AuditActor::COMMAND_LINE, "crash", target, at(11));
    let third = entry(other, "ban", admin);
    for entry in [&whole, &bare, &third] {
        store.append(entry).await.unwrap();
    }

    assert_eq!(all(&store).await, [third.clone(), bare.clone(), whole.clone()]);
    let wanted = async |wanted: Wanted| store.entries(&wanted, 9).await.unwrap();
    let of = |actor| Wanted { actor: Some(actor), ..Wanted::default() };
    let on = |target: String| Wanted { target: Some(target), ..Wanted::default() };
    let was = |action: &str| Wanted { action: Some(action.to_owned()), ..Wanted::default() };
    assert_eq!(wanted(of(admin)).await, std::slice::from_ref(&whole));
    assert_eq!(wanted(of(player)).await, []);
    assert_eq!(wanted(on(admin.to_string())).await, std::slice::from_ref(&third));
    assert_eq!(wanted(on("store".to_owned())).await, std::slice::from_ref(&bare));
    assert_eq!(wanted(was("ban")).await, [third.clone(), whole.clone()]);
    let both = Wanted { action: Some("ban".into()), actor: Some(other), ..on(admin.to_string()) };
    assert_eq!(wanted(both.clone()).await, std::slice::from_ref(&third));
    assert_eq!(wanted(Wanted { action: Some("crash".into()), ..both }).await, []);
    let older = Wanted { before: Some(third.id), ..Wanted::default() };
    assert_eq!(store.entries(&older, 1).await.unwrap(), std::slice::from_ref(&bare));
    assert_eq!(wanted(Wanted { before: Some(third.id), ..was("ban") }).await, [whole]);
}

pub(crate) async fn the_same_entry_again_is_none<S: Database>(store: S) {
    let first = entry(PlayerId::new(), "ban", PlayerId::new());
    store.append(&first).await.unwrap();
    store.append(&first.clone().reason("something else")).await.unwrap();
    assert_eq!(all(&store).await, [first]);
}

pub(crate) async fn a_role_is_changed_with_its_entry_and_only_where_it_changes<S: Database>(
    store: S,
) {
    let (admin, player) = (PlayerId::new(), a_player(&store).await);
    let change = entry(admin, "role", player.id);
    for _ in 0..2 {
        let changed = store.change_role(player.id, Role::Moderator, &change).await.unwrap();
        let changed = changed.unwrap();
        assert_eq!((changed.role, changed.epoch), (Role::Moderator, player.epoch + 1));
        assert_eq!(changed.updated_at, change.at);
        assert_eq!(store.player(player.id).await.unwrap(), Some(changed));
    }
    // What was given under the old role ends, and every process hears of it, once.
    let revoked: Vec<_> = store.since(0, at(11), 9).await.unwrap();
    let epoch = player.epoch + 1;
    let what: Vec<_> = revoked.into_iter().map(|it| it.what).collect();
    assert_eq!(what, [Revoked::Player { player: player.id, epoch }]);
    let nobody = entry(admin, "role", admin);
    let refused = store.change_role(admin, Role::Player, &nobody).await.unwrap();
    assert_eq!(refused, Err(RoleRefused::NoPlayer));

    let (before, after) = (json!({ "role": "player" }), json!({ "role": "moderator" }));
    let expected = AuditEntry { before: Some(before), after: Some(after), ..change };
    assert_eq!(all(&store).await, [expected]);
}

pub(crate) async fn the_last_admin_keeps_the_role<S: Database>(store: S) {
    let admin = |name: &str| NewPlayer { role: Role::Admin, ..new_player(name) };
    let one = store.create_player(admin("one"), at(0)).await.unwrap().unwrap();
    let other = store.create_player(admin("other"), at(0)).await.unwrap().unwrap();
    let demote = async |by: PlayerId, player: PlayerId| {
        let role = entry(by, "role", player);
        store.change_role(player, Role::Player, &role).await.unwrap().map(|player| player.role)
    };

    assert_eq!(demote(one.id, other.id).await, Ok(Role::Player));
    // The other one's call was on its way.
    assert_eq!(demote(other.id, one.id).await, Err(RoleRefused::LastAdmin));
    assert_eq!(store.player(one.id).await.unwrap(), Some(one));
    assert_eq!(all(&store).await.len(), 1);
}

pub(crate) async fn an_admin_is_registered_with_its_entry_or_not_at_all<S: Database>(store: S) {
    let new = |username: &str, email: &str| Registration {
        username: username.into(),
        email: email.into(),
        phc: "$argon2id$x".into(),
    };
    let register = async |username: &str, email: &str| {
        let id = PlayerId::new();
        let target = AuditTarget::player(id);
        let entry = AuditEntry::new(AuditActor::COMMAND_LINE, "create_admin", target, at(10));
        store.register_admin(id, new(username, email), &entry).await.unwrap()
    };

    let made = register("Ada", "ada@example.org").await.unwrap();
    assert_eq!(register("ADA", "other@example.org").await, Err(Taken::Username));
    assert_eq!(register("other", "Ada@example.org").await, Err(Taken::Email));

    assert_eq!((made.role, made.guest, &*made.username), (Role::Admin, false, "Ada"));
    let found = store.by_login(Login::Username("ada".into())).await.unwrap().unwrap();
    assert_eq!((&found.player, &*found.phc), (&made, "$argon2id$x"));
    let log = all(&store).await;
    let [entry] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(entry.target, AuditTarget::player(made.id));
    assert_eq!(entry.after, Some(json!({ "username": "Ada", "role": "admin" })));
}

pub(crate) async fn signing_out_ends_every_sign_in_and_no_other_players<S: Database>(store: S) {
    let (player, other) = (a_player(&store).await, a_player(&store).await);
    let (first, second, theirs) = (secret(), secret(), secret());
    let mut sign_ins = Vec::new();
    for (player, refresh) in [(&player, first), (&player, second), (&other, theirs)] {
        let new = new_sign_in(player.id, refresh);
        sign_ins.push(store.open_sign_in(new, at(0)).await.unwrap().unwrap());
    }
    let order = entry(other.id, "sign_out", player.id);
    let nobody = entry(other.id, "sign_out", PlayerId::new());
    assert_eq!(store.sign_out(PlayerId::new(), &nobody).await.unwrap(), None);

    for _ in 0..2 {
        let after = store.sign_out(player.id, &order).await.unwrap().unwrap();
        assert_eq!(after.epoch, player.epoch + 1);
    }

    let revoked = store.since(0, at(11), 9).await.unwrap();
    let what: Vec<_> = revoked.into_iter().map(|it| it.what).collect();
    assert_eq!(what, [Revoked::Player { player: player.id, epoch: player.epoch + 1 }]);
    for (sign_in, valid) in sign_ins.iter().zip([false, false, true]) {
        assert_eq!(store.sign_in_valid(sign_in.id, at(11)).await.unwrap(), valid);
    }
    let rotate = |used| {
        let next_expires_at = at(100);
        store.rotate_refresh(Rotate { used, next: secret(), next_expires_at }, at(11))
    };
    assert!(matches!(rotate(first).await.unwrap(), Rotation::Revoked { .. }));
    assert!(matches!(rotate(theirs).await.unwrap(), Rotation::Rotated { .. }));
    assert_eq!(all(&store).await, [order]);
}

pub(crate) async fn a_sanction_and_its_entry_are_one<S: Database>(store: S) {
    let (admin, player) = (PlayerId::new(), PlayerId::new());
    let ban = Sanction {
        id: Uuid::now_v7(),
        player,
        kind: SanctionKind::Ban,
        until: Some(at(1_000)),
        reason: "because".into(),
        by: Some(admin),
        at: at(10),
    };
    let imposed = entry(admin, "ban", player).after(json!({ "id": ban.id.to_string() }));
    store.impose(&ban, &imposed).await.unwrap();
    store.impose(&ban, &imposed).await.unwrap();
    let lift = AuditEntry { at: at(20), ..entry(admin, "lift_ban", player) };
    assert!(store.lift(player, SanctionKind::Ban, &lift).await.unwrap());
    let none = entry(admin, "lift_ban", player);
    assert!(!store.lift(player, SanctionKind::Ban, &none).await.unwrap());

    let until_ms = at(1_000).duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let before = json!([{ "id": ban.id.to_string(), "until_ms": until_ms }]);
    let lifted = AuditEntry { before: Some(before), ..lift };
    assert_eq!(all(&store).await, [lifted, imposed]);
}
