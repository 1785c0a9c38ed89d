//! Accounts with a password: who may have which name, what a new password ends, and what is left of a deleted one.

use std::sync::Arc;

use gamev1_actors::ports::{Revoked, RoomRecord, Sanction, SanctionKind};
use gamev1_persistence::{
    Database,
    accounts::{NewPlayer, Player, Role, Rotate, Rotation},
    audit::Wanted,
    credentials::{
        Change, Login, NewPassword, NotDeleted, Registration, Taken,
        Unchanged::{self, Gone, OtherKind},
    },
};
use gamev1_protocol::{PlayerId, RoomId, Seat, SessionId, SignInId};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::world::{a_player, at, entry, new_guest, new_player, new_sign_in, secret};

fn registration(username: &str, email: &str) -> Registration {
    Registration {
        username: username.to_owned(),
        email: email.to_owned(),
        phc: format!("$hash of {username}"),
    }
}

async fn registered<S: Database>(store: &S, username: &str, email: &str) -> Player {
    let new = registration(username, email);
    store.register(PlayerId::new(), new, at(0)).await.unwrap().unwrap()
}

fn by_name(username: &str) -> Login {
    Login::Username(username.to_owned())
}

fn by_email(email: &str) -> Login {
    Login::Email(email.to_owned())
}

pub(crate) async fn an_account_is_found_by_its_name_and_its_address_in_any_case<S: Database>(
    store: S,
) {
    let ada = registered(&store, "Ada", "Ada@example.org").await;
    registered(&store, "Bob", "bob@example.org").await;
    assert_eq!((ada.guest, ada.email.as_deref()), (false, Some("Ada@example.org")));
    assert_eq!((ada.email_verified, ada.epoch, ada.created_at), (false, 0, at(0)));

    for login in [by_name("Ada"), by_name("aDA"), by_email("ada@EXAMPLE.org")] {
        let found = store.by_login(login.clone()).await.unwrap().unwrap();
        assert_eq!((&found.player, &*found.phc), (&ada, "$hash of Ada"), "{login:?}");
    }
    let found = store.account(ada.id).await.unwrap().unwrap();
    assert_eq!((&found.player, &*found.phc), (&ada, "$hash of Ada"));
    // A name is no address, and a player without a password is no account.
    let guest = a_player(&store).await;
    store.create_player(new_player("made-by-hand"), at(0)).await.unwrap().unwrap();
    for login in [
        by_name("Ada@example.org"),
        by_email("Ada"),
        by_name(&guest.username),
        by_name("made-by-hand"),
    ] {
        assert_eq!(store.by_login(login.clone()).await.unwrap(), None, "{login:?}");
    }
    assert_eq!(store.account(guest.id).await.unwrap(), None);
}

pub(crate) async fn of_fifty_who_want_one_name_one_has_it<S: Database>(store: S) {
    let store = Arc::new(store);
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let store = store.clone();
        let new = registration("Wanted", &format!("wanted-{n}@example.org"));
        calls.spawn(async move { store.register(PlayerId::new(), new, at(0)).await.unwrap() });
    }

    let answers = calls.join_all().await;

    let won: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Err(Taken::Username)).count(), 49);
    let found = store.by_login(by_name("wanted")).await.unwrap().unwrap();
    assert_eq!(&found.player, won[0]);
}

pub(crate) async fn a_name_that_looks_like_anothers_is_taken<S: Database>(store: S) {
    registered(&store, "Ada.Miller", "ada@example.org").await;
    store.create_player(new_player("Corn"), at(0)).await.unwrap().unwrap();

    // In the first the А is Cyrillic, in the second the l is a one.
    for alike in ["Аda.Miller", "ada.mi1ler", "c0rn", "com"] {
        let new = registration(alike, &format!("{}@example.org", alike.len()));
        let answer = store.register(PlayerId::new(), new, at(0)).await.unwrap();
        assert_eq!(answer, Err(Taken::Username), "{alike}");
    }
    let made = store.create_player(new_player("ADA.MI1LER"), at(0)).await.unwrap();
    assert!(made.is_err(), "{made:?}");
}

pub(crate) async fn an_address_is_taken_in_any_case<S: Database>(store: S) {
    registered(&store, "Ada", "ada@example.org").await;
    let new = registration("Bob", "ADA@example.org");

    let refused = store.register(PlayerId::new(), new, at(0)).await.unwrap();

    assert_eq!(refused, Err(Taken::Email));
    assert_eq!(store.by_login(by_name("Bob")).await.unwrap(), None);
}

pub(crate) async fn a_guest_becomes_an_account_under_the_same_id<S: Database>(store: S) {
    let device = secret();
    let guest = store.guest(device, at(0), &new_guest).await.unwrap();
    let sign_in =
        store.open_sign_in(new_sign_in(guest.id, secret()), at(0)).await.unwrap().unwrap();

    let new = registration("Ada", "ada@example.org");
    let ada = store.register_guest(guest.id, new, at(9)).await.unwrap().unwrap();

    assert_eq!((ada.id, ada.guest, &*ada.username), (guest.id, false, "Ada"));
    assert_eq!((ada.created_at, ada.updated_at, ada.epoch), (at(0), at(9), guest.epoch));
    assert_eq!(store.by_login(by_name("ada")).await.unwrap().unwrap().player, ada);
    assert!(store.sign_in_valid(sign_in.id, at(9)).await.unwrap());
    // The device is as new as any other.
    assert_ne!(store.guest(device, at(9), &new_guest).await.unwrap().id, ada.id);
}

pub(crate) async fn only_a_guest_becomes_an_account<S: Database>(store: S) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let guest = a_player(&store).await;

    let refused = |id, new| store.register_guest(id, new, at(1));
    let bob = registration("Bob", "bob@example.org");
    assert_eq!(refused(ada.id, bob.clone()).await.unwrap(), Err(OtherKind));
    assert_eq!(refused(PlayerId::new(), bob).await.unwrap(), Err(Gone));
    let taken = registration("ADA", "bob@example.org");
    let expected = Err(Unchanged::Taken(Taken::Username));
    assert_eq!(refused(guest.id, taken).await.unwrap(), expected);
    assert_eq!(store.player(guest.id).await.unwrap(), Some(guest));
    assert_eq!(store.player(ada.id).await.unwrap(), Some(ada));
}

fn new_password(kept: SignInId, old_phc: &str) -> NewPassword {
    let refresh_expires_at = at(500);
    let (old_phc, phc) = (old_phc.to_owned(), "$another".to_owned());
    NewPassword { old_phc, phc, kept, refresh: secret(), refresh_expires_at }
}

pub(crate) async fn a_new_password_ends_every_other_sign_in<S: Database>(store: S) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let bob = registered(&store, "Bob", "bob@example.org").await;
    let old = secret();
    let kept = store.open_sign_in(new_sign_in(ada.id, old), at(0)).await.unwrap().unwrap();
    let other = store.open_sign_in(new_sign_in(ada.id, secret()), at(0)).await.unwrap().unwrap();
    let bobs = store.open_sign_in(new_sign_in(bob.id, secret()), at(0)).await.unwrap().unwrap();

    let new = new_password(kept.id, "$hash of Ada");
    let fresh = new.refresh;
    let changed = store.set_password(ada.id, new, at(5)).await.unwrap().unwrap();

    assert_eq!((changed.epoch, changed.updated_at), (ada.epoch + 1, at(5)));
    assert_eq!(store.account(ada.id).await.unwrap().unwrap().phc, "$another");
    let log = store.since(0, at(5), 10).await.unwrap();
    let last = log.last().map(|line| line.what);
    assert_eq!(last, Some(Revoked::Player { player: ada.id, epoch: changed.epoch }));
    assert!(store.sign_in_valid(kept.id, at(5)).await.unwrap());
    assert!(!store.sign_in_valid(other.id, at(5)).await.unwrap());
    assert!(store.sign_in_valid(bobs.id, at(5)).await.unwrap());
    let rotate = |used| Rotate { used, next: secret(), next_expires_at: at(600) };
    assert_eq!(store.rotate_refresh(rotate(old), at(6)).await.unwrap(), Rotation::Unknown);
    let rotation = store.rotate_refresh(rotate(fresh), at(6)).await.unwrap();
    assert_eq!(rotation, Rotation::Rotated { player: changed, sign_in: kept });
}

pub(crate) async fn a_password_that_has_changed_meanwhile_is_left_alone<S: Database>(store: S) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let bob = registered(&store, "Bob", "bob@example.org").await;
    let kept = store.open_sign_in(new_sign_in(ada.id, secret()), at(0)).await.unwrap().unwrap();

    let late = new_password(kept.id, "$one from before");
    assert_eq!(store.set_password(ada.id, late, at(1)).await.unwrap(), None);
    // Neither with a sign-in that has ended, nor with another's.
    let ended = new_password(kept.id, "$hash of Ada");
    assert_eq!(store.set_password(ada.id, ended, at(2_000)).await.unwrap(), None);
    let anothers = new_password(kept.id, "$hash of Bob");
    assert_eq!(store.set_password(bob.id, anothers, at(1)).await.unwrap(), None);

    assert_eq!(store.account(ada.id).await.unwrap().unwrap().phc, "$hash of Ada");
    assert_eq!(store.player(ada.id).await.unwrap(), Some(ada));
}

pub(crate) async fn a_hash_that_grew_replaces_the_one_it_was_made_from_alone<S: Database>(
    store: S,
) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let rehash = |old: &str, new: &str| store.rehash(ada.id, old.to_owned(), new.to_owned());

    rehash("$one from before", "$late").await.unwrap();
    assert_eq!(store.account(ada.id).await.unwrap().unwrap().phc, "$hash of Ada");
    rehash("$hash of Ada", "$grown").await.unwrap();

    let grown = store.account(ada.id).await.unwrap().unwrap();
    assert_eq!((&grown.player, &*grown.phc), (&ada, "$grown"));
}

pub(crate) async fn a_name_is_changed_and_the_old_one_free<S: Database>(store: S) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let rename = |name: &str| Change { username: Some(name.to_owned()), email: None };

    let renamed = store.change(ada.id, rename("Lovelace"), at(3)).await.unwrap().unwrap();

    assert_eq!((&*renamed.username, renamed.updated_at), ("Lovelace", at(3)));
    assert_eq!((renamed.epoch, &renamed.email), (ada.epoch, &ada.email));
    assert_eq!(store.by_login(by_name("ada")).await.unwrap(), None);
    registered(&store, "ADA", "another@example.org").await;
    // One's own name in another spelling is not taken.
    let spelt = store.change(ada.id, rename("LOVELACE"), at(4)).await.unwrap().unwrap();
    assert_eq!(spelt.username, "LOVELACE");
    let guest = a_player(&store).await;
    assert_eq!(store.change(guest.id, rename("Guest"), at(4)).await.unwrap(), Err(OtherKind));
    assert_eq!(store.change(PlayerId::new(), rename("X"), at(4)).await.unwrap(), Err(Gone));
}

pub(crate) async fn another_address_is_not_verified<S: Database>(store: S) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let to = |email: &str| Change { username: None, email: Some(email.to_owned()) };

    let moved = store.change(ada.id, to("ada@example.net"), at(3)).await.unwrap().unwrap();

    assert_eq!((moved.email.as_deref(), moved.email_verified), (Some("ada@example.net"), false));
    assert_eq!(store.by_login(by_email("ada@example.org")).await.unwrap(), None);
    assert_eq!(store.by_login(by_email("ada@example.net")).await.unwrap().unwrap().player, moved);
    registered(&store, "Bob", "ada@example.org").await;
    let taken = store.change(ada.id, to("ADA@example.org"), at(4)).await.unwrap();
    assert_eq!(taken, Err(Taken::Email.into()));
}

pub(crate) async fn a_refused_change_changes_nothing<S: Database>(store: S) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    registered(&store, "Bob", "bob@example.org").await;
    let change =
        |name: &str, email: &str| Change { username: Some(name.into()), email: Some(email.into()) };

    let name_taken = store.change(ada.id, change("b0b", "new@example.org"), at(3)).await.unwrap();
    assert_eq!(name_taken, Err(Taken::Username.into()));
    let email_taken = store.change(ada.id, change("New", "bob@example.org"), at(3)).await.unwrap();
    assert_eq!(email_taken, Err(Taken::Email.into()));

    assert_eq!(store.player(ada.id).await.unwrap(), Some(ada));
}

fn taken(player: PlayerId, seat: u16) -> RoomRecord {
    RoomRecord::SeatTaken {
        game_session: Uuid::now_v7(),
        room: RoomId::from_bits(77),
        seat: Seat(seat),
        player,
        session: SessionId::new(),
        at: at(1),
    }
}

pub(crate) async fn the_last_admin_stays_and_who_goes_is_in_the_audit_log<S: Database>(store: S) {
    let admin = |name: &str| NewPlayer { role: Role::Admin, ..new_player(name) };
    let one = store.create_player(admin("one"), at(0)).await.unwrap().unwrap();
    let other = store.create_player(admin("other"), at(0)).await.unwrap().unwrap();
    let [first, second] = [one.id, other.id].map(|id| entry(id, "delete_account", id));
    assert_eq!(store.delete(one.id, &first).await.unwrap().map(|gone| gone.id), Ok(one.id));

    assert_eq!(store.delete(other.id, &second).await.unwrap(), Err(NotDeleted::LastAdmin));

    assert_eq!(store.player(other.id).await.unwrap(), Some(other));
    assert_eq!(store.entries(&Wanted::default(), 10).await.unwrap(), [first]);
}

pub(crate) async fn a_deleted_account_leaves_its_name_and_the_history_of_others<S: Database>(
    store: S,
) {
    let ada = registered(&store, "Ada", "ada@example.org").await;
    let bob = registered(&store, "Bob", "bob@example.org").await;
    let refresh = secret();
    let sign_in = store.open_sign_in(new_sign_in(ada.id, refresh), at(0)).await.unwrap().unwrap();
    store.write(&[taken(ada.id, 0), taken(bob.id, 1)], &[]).await.unwrap();

    let gone =
        store.delete(ada.id, &entry(ada.id, "delete_account", ada.id)).await.unwrap().unwrap();

    assert_eq!((gone.id, gone.epoch), (ada.id, ada.epoch + 1));
    let again = store.delete(ada.id, &entry(ada.id, "delete_account", ada.id)).await.unwrap();
    assert_eq!(again, Err(NotDeleted::Gone));
    let log = store.since(0, at(2), 10).await.unwrap();
    let last = log.last().map(|line| line.what);
    assert_eq!(last, Some(Revoked::Player { player: gone.id, epoch: gone.epoch }));
    assert_eq!(store.player(ada.id).await.unwrap(), None);
    assert_eq!(store.account(ada.id).await.unwrap(), None);
    assert!(!store.sign_in_valid(sign_in.id, at(1)).await.unwrap());
    let rotate = Rotate { used: refresh, next: secret(), next_expires_at: at(600) };
    assert_eq!(store.rotate_refresh(rotate, at(1)).await.unwrap(), Rotation::Unknown);
    let stays = store.stays_in_room(RoomId::from_bits(77), 10).await.unwrap();
    let mut players: Vec<_> = stays.iter().map(|stay| (stay.seat.0, stay.player)).collect();
    players.sort();
    assert_eq!(players, [(0, None), (1, Some(bob.id))]);
    registered(&store, "ada", "ADA@example.org").await;
}

pub(crate) async fn an_export_holds_what_is_stored<S: Database>(store: S) {
    let device = secret();
    let guest = store.guest(device, at(0), &new_guest).await.unwrap();
    let sign_in =
        store.open_sign_in(new_sign_in(guest.id, secret()), at(0)).await.unwrap().unwrap();
    store.write(&[taken(guest.id, 0)], &[]).await.unwrap();
    let (id, player, reason) = (Uuid::now_v7(), guest.id, "a reason".to_owned());
    let until = Some(at(50));
    let kind = SanctionKind::Mute;
    let sanction = Sanction { id, player, kind, until, reason, by: None, at: at(7) };
    store.impose(&sanction, &entry(player, "mute", player)).await.unwrap();

    let export = store.export(guest.id).await.unwrap().unwrap();

    assert_eq!((&export.player, export.password_set_at), (&guest, None));
    assert_eq!(export.devices, [at(0)]);
    assert_eq!(export.sign_ins.iter().map(|each| each.id).collect::<Vec<_>>(), [sign_in.id]);
    assert_eq!((export.stays.len(), export.stays[0].player), (1, Some(guest.id)));
    assert!(!export.more_stays);
    let sanction = &export.sanctions[0];
    assert_eq!((sanction.id, &*sanction.kind, sanction.until), (id, "mute", until));
    assert_eq!((&*sanction.reason, sanction.lifted_at), ("a reason", None));
    let new = registration("Ada", "ada@example.org");
    let ada = store.register_guest(guest.id, new, at(9)).await.unwrap().unwrap();
    let export = store.export(ada.id).await.unwrap().unwrap();
    assert_eq!((export.password_set_at, export.devices.len()), (Some(at(9)), 0));
    assert_eq!(store.export(PlayerId::new()).await.unwrap(), None);
}
