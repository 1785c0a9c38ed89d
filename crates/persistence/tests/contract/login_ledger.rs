//! What is kept of failed logins, and which devices an account knows.

use gamev1_persistence::{
    Database,
    login_ledger::{Failures, KNOWN_DEVICES_MAX, Kind, Who},
};
use gamev1_protocol::PlayerId;

use crate::world::{a_player, at, entry, secret};

fn who(kind: Kind) -> Who {
    Who { kind, hash: secret() }
}

fn failures(count: u32, last: u64) -> Failures {
    Failures { count, forgiven_to: at(last / 2), last: at(last) }
}

pub(crate) async fn failures_are_kept_as_they_were_last<S: Database>(store: S) {
    let [account, device, address] = Kind::ALL.map(who);
    let first = [(account, Some(failures(1, 10))), (device, Some(failures(2, 30)))];
    store.keep_failures(&first).await.unwrap();
    let then =
        [(account, Some(failures(7, 20))), (address, Some(failures(25, 40))), (device, None)];
    store.keep_failures(&then).await.unwrap();
    store.keep_failures(&[]).await.unwrap();

    let expected = [(address, failures(25, 40)), (account, failures(7, 20))];
    assert_eq!(store.failures(10).await.unwrap(), expected, "the latest first");
    assert_eq!(store.failures(1).await.unwrap(), expected[..1]);
}

pub(crate) async fn old_failures_are_forgotten_and_no_others<S: Database>(store: S) {
    let (old, young) = (who(Kind::Account), who(Kind::Account));
    let both = [(old, Some(failures(9, 10))), (young, Some(failures(1, 20)))];
    store.keep_failures(&both).await.unwrap();

    assert_eq!(store.forget_failures(at(20)).await.unwrap(), 1);

    assert_eq!(store.forget_failures(at(20)).await.unwrap(), 0);
    assert_eq!(store.failures(10).await.unwrap(), [(young, failures(1, 20))]);
}

pub(crate) async fn an_account_knows_the_devices_that_it_met_last<S: Database>(store: S) {
    let (ada, bob) = (a_player(&store).await.id, a_player(&store).await.id);
    let devices: Vec<_> = (0..=u64::from(KNOWN_DEVICES_MAX)).map(|_| secret()).collect();
    for (n, device) in devices.iter().enumerate() {
        store.meet_device(ada, *device, at(n as u64)).await.unwrap();
        // The first is seen again and again.
        store.meet_device(ada, devices[0], at(n as u64)).await.unwrap();
    }

    assert!(store.knows_device(ada, devices[0]).await.unwrap());
    assert!(!store.knows_device(ada, devices[1]).await.unwrap(), "it was not seen for the longest");
    for device in &devices[2..] {
        assert!(store.knows_device(ada, *device).await.unwrap());
    }
    assert!(!store.knows_device(bob, devices[0]).await.unwrap());
    store.meet_device(PlayerId::new(), secret(), at(0)).await.unwrap();
    store.delete(ada, &entry(ada, "delete_account", ada)).await.unwrap().unwrap();
    assert!(!store.knows_device(ada, devices[0]).await.unwrap());
}
