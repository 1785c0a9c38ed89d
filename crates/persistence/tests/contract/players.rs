//! The search for players.

use gamev1_persistence::{Database, credentials::Registration};
use gamev1_protocol::PlayerId;

use crate::world::{at, new_player};

async fn named<S: Database>(
    store: &S,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Vec<String> {
    let found = store.search(prefix, after, limit).await.unwrap();
    found.into_iter().map(|player| player.username).collect()
}

pub(crate) async fn players_are_found_by_the_beginning_of_their_name_in_pages<S: Database>(
    store: S,
) {
    for name in ["anna", "Anna2", "ANNE", "Änne", "bert", "annexe", "ann"] {
        store.create_player(new_player(name), at(0)).await.unwrap().unwrap();
    }

    assert_eq!(named(&store, "Ann", None, 9).await, ["ann", "anna", "Anna2", "ANNE", "annexe"]);
    assert_eq!(named(&store, "än", None, 9).await, ["Änne"]);
    assert_eq!(named(&store, "annexes", None, 9).await, [""; 0]);
    let all = named(&store, "", None, 9).await;
    assert_eq!(all, ["ann", "anna", "Anna2", "ANNE", "annexe", "bert", "Änne"]);
    assert_eq!(named(&store, "ann", Some("Anna2"), 1).await, ["ANNE"]);
    assert_eq!(named(&store, "ann", Some("annexe"), 9).await, [""; 0]);
    // One that has gone meanwhile still has its place.
    assert_eq!(named(&store, "", Some("b"), 9).await, ["bert", "Änne"]);
}

pub(crate) async fn a_name_with_signs_of_patterns_is_taken_as_it_is<S: Database>(store: S) {
    for name in ["50%", "50 cents", "a_b", "axb", "'; --"] {
        store.create_player(new_player(name), at(0)).await.unwrap().unwrap();
    }

    assert_eq!(named(&store, "50%", None, 9).await, ["50%"]);
    assert_eq!(named(&store, "a_", None, 9).await, ["a_b"]);
    assert_eq!(named(&store, "'", None, 9).await, ["'; --"]);
    assert_eq!(named(&store, "%", None, 9).await, [""; 0]);
}

pub(crate) async fn an_account_is_found_by_its_address_in_any_case<S: Database>(store: S) {
    let new = Registration {
        username: "anna".into(),
        email: "Anna@example.org".into(),
        phc: "$argon2id$x".into(),
    };
    let anna = store.register(PlayerId::new(), new, at(0)).await.unwrap().unwrap();
    store.create_player(new_player("bert"), at(0)).await.unwrap().unwrap();

    let found = async |email: &str| store.by_email(email).await.unwrap();
    assert_eq!(found("anna@EXAMPLE.org").await, Some(anna));
    assert_eq!(found("anna@example").await, None);
    assert_eq!(found("").await, None);
}
