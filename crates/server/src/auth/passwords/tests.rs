//! The bounded place, what a check costs whom, and hashes that grow.

use std::sync::{Arc, mpsc};

use argon2::password_hash::phc::PasswordHash;
use tokio::{sync::oneshot, task::JoinSet};

use super::*;

/// As cheap as Argon2 can be.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };
const GOOD: &str = "plinth ember quokka sundial";

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

async fn phc(passwords: &Passwords, text: &str) -> String {
    passwords.hash(password(text), Vec::new()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_password_is_that_of_its_own_hash_alone() {
    let passwords = Passwords::new(CHEAP).unwrap();
    let (one, other) = (phc(&passwords, GOOD).await, phc(&passwords, GOOD).await);
    assert!(one.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{one}");
    assert_ne!(one, other, "each has its salt");
    let check = |text, phc: &str| passwords.check(password(text), Some(phc.to_owned()));
    let right = Checked { right: true, rehashed: None };
    let wrong = Checked { right: false, rehashed: None };
    assert_eq!(check(GOOD, &one).await.unwrap(), right);
    assert_eq!(check(GOOD, &other).await.unwrap(), right);
    for text in ["plinth ember quokka sundiaL", "", "\0", "plinth ember quokka sundial "] {
        assert_eq!(check(text, &one).await.unwrap(), wrong, "{text:?}");
    }
    assert_eq!(check(GOOD, "no hash").await.unwrap(), wrong);
}

#[tokio::test]
async fn nobody_is_checked_at_the_same_cost_and_is_wrong() {
    let passwords = Passwords::new(CHEAP).unwrap();
    let checked = passwords.check(password(GOOD), None).await.unwrap();
    assert_eq!(checked, Checked { right: false, rehashed: None });
    assert_eq!(passwords.checks(), 1);
    let nobody = PasswordHash::new(&passwords.nobody).unwrap();
    let real = PasswordHash::new(&phc(&passwords, GOOD).await).unwrap();
    assert_eq!((nobody.algorithm, nobody.version), (real.algorithm, real.version));
    assert_eq!(nobody.params.to_string(), real.params.to_string());
    assert_eq!(nobody.salt.unwrap().len(), real.salt.unwrap().len());
    assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
}

#[tokio::test]
async fn the_default_is_what_owasp_asks_for() {
    let passwords = Passwords::new(Cost::DEFAULT).unwrap();
    let hash = phc(&passwords, GOOD).await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(passwords.check(password(GOOD), Some(hash)).await.unwrap().right);
}

#[tokio::test]
async fn a_cheaper_hash_is_made_anew_when_the_password_is_right() {
    let before = Passwords::new(CHEAP).unwrap();
    let now = Passwords::new(Cost { memory_kib: 16, passes: 2 }).unwrap();
    let old = phc(&before, GOOD).await;
    assert_eq!(now.check(password("wrong"), Some(old.clone())).await.unwrap().rehashed, None);

    let checked = now.check(password(GOOD), Some(old)).await.unwrap();

    let grown = checked.rehashed.unwrap();
    assert!(checked.right && grown.starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{grown}");
    let again = now.check(password(GOOD), Some(grown.clone())).await.unwrap();
    assert_eq!(again, Checked { right: true, rehashed: None });
    // A dearer one than now is left as it is.
    let back = before.check(password(GOOD), Some(grown)).await.unwrap();
    assert_eq!(back, Checked { right: true, rehashed: None });
}

#[tokio::test]
async fn a_password_that_is_not_to_be_taken_is_not_hashed() {
    let passwords = Passwords::new(CHEAP).unwrap();
    let short = passwords.hash(password("short"), Vec::new()).await.unwrap();
    assert!(matches!(short, Err(policy::Unfit::Form { code: "too_short", .. })), "{short:?}");
    let about = vec!["Bartholomew.Quincy".to_owned()];
    let weak = passwords.hash(password("Bartholomew.Quincy"), about).await.unwrap();
    assert!(matches!(weak, Err(policy::Unfit::Weak { code: "guessable", .. })), "{weak:?}");
}

/// A client whose password is being worked on until it is let go.
async fn held(passwords: &Arc<Passwords>) -> (JoinSet<Result<bool, WireError>>, mpsc::Sender<()>) {
    let (release, wait) = mpsc::channel();
    let (begun, has_begun) = oneshot::channel();
    let passwords = passwords.clone();
    let mut client = JoinSet::new();
    client.spawn(async move {
        let work = move |_: &mut Memory| {
            let _ = begun.send(());
            wait.recv().is_ok()
        };
        passwords.in_turn(work).await
    });
    has_begun.await.unwrap();
    (client, release)
}

#[tokio::test]
async fn beyond_the_queue_nobody_waits() {
    let passwords = Arc::new(Passwords::with_turns(CHEAP, 1).unwrap());
    let (_client, release) = held(&passwords).await;
    let mut waiting = JoinSet::new();
    for _ in 0..WAITING_MAX {
        let passwords = passwords.clone();
        waiting.spawn(async move { passwords.in_turn(|_| ()).await });
    }
    while passwords.places.available_permits() > 0 {
        tokio::task::yield_now().await;
    }

    let refused = passwords.check(password(GOOD), None).await.unwrap_err();

    assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::Overloaded, Some(1_000)));
    release.send(()).unwrap();
    assert!(
        waiting.join_all().await.iter().all(Result::is_ok),
        "those who wait are served in turn"
    );
    assert!(passwords.check(password(GOOD), None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_a_second() {
    let passwords = Arc::new(Passwords::with_turns(CHEAP, 1).unwrap());
    let _turn = passwords.turns.clone().acquire_owned().await.unwrap();
    let before = tokio::time::Instant::now();

    let refused = passwords.check(password(GOOD), None).await.unwrap_err();

    assert_eq!(refused.code, ErrorCode::Overloaded);
    assert_eq!(before.elapsed(), WAIT_MAX);
    assert_eq!(passwords.places.available_permits(), 1 + WAITING_MAX, "the place is free again");
}

#[tokio::test]
async fn work_whose_client_has_gone_holds_its_turn_to_its_end() {
    let passwords = Arc::new(Passwords::with_turns(CHEAP, 1).unwrap());
    let (mut client, release) = held(&passwords).await;

    client.abort_all();
    assert!(client.join_next().await.unwrap().unwrap_err().is_cancelled());

    assert_eq!(passwords.turns.available_permits(), 0);
    release.send(()).unwrap();
    drop(passwords.turns.acquire().await.unwrap());
}

#[test]
fn a_password_is_not_printed() {
    assert_eq!(format!("{:?}", password(GOOD)), "Password");
}

#[tokio::test]
async fn work_that_panics_is_answered_and_its_turn_is_free_again() {
    let passwords = Passwords::with_turns(CHEAP, 1).unwrap();
    for _ in 0..3 {
        let failed: Result<(), _> = passwords.in_turn(|_| panic!("on order")).await;
        assert_eq!(failed.unwrap_err().code, ErrorCode::Internal);
    }
    assert!(passwords.check(password(GOOD), None).await.is_ok());
    assert_eq!(passwords.turns.available_permits(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn hashing_steps_back_behind_everything_else() {
    let passwords = Passwords::with_turns(CHEAP, 1).unwrap();
    // Field 19 of proc_pid_stat(5); the name in the second may have spaces.
    let nice = |stat: String| {
        let behind = stat.rsplit_once(") ").unwrap().1.to_owned();
        behind.split(' ').nth(16).unwrap().parse::<i32>().unwrap()
    };
    let of_this_thread = move || nice(std::fs::read_to_string("/proc/thread-self/stat").unwrap());
    let hashing = passwords.in_turn(move |_| of_this_thread()).await.unwrap();
    assert_eq!(hashing, (of_this_thread() + 5).min(19));
}

#[tokio::test]
async fn a_hash_is_read_as_it_was_written_wherever() {
    // From the command line tool of the reference implementation: "password", "somesalt", 2 passes, 64 MiB.
    let reference =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let passwords = Passwords::new(CHEAP).unwrap();
    let check = |text| passwords.check(password(text), Some(reference.to_owned()));
    assert!(check("password").await.unwrap().right);
    assert!(!check("Password").await.unwrap().right);
    let greedy = reference.replace("m=65536", "m=4194304");
    let checked = passwords.check(password("password"), Some(greedy)).await.unwrap();
    assert!(!checked.right, "nobody is made to take 4 GiB");
}
