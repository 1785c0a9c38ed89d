//! Who may register as what, what a sign-in costs whom, and what a new password leaves.

use gamev1_persistence::accounts::Accounts;

use super::*;
use crate::auth::{
    keys::Keys, memory_accounts::MemoryAccounts, passwords::Cost, secret, token::Tokens,
};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const GOOD: &str = "plinth ember quokka sundial";
const OTHER: &str = "vexing marzipan otter fjord";

struct World {
    desk: AccountDesk,
    sign_ins: SignIns,
    store: Arc<MemoryAccounts>,
    _dir: tempfile::TempDir,
}

fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(MemoryAccounts::default());
    let tokens = Arc::new(Tokens::new(Keys::open(dir.path(), NOW).unwrap()));
    let passwords = Passwords::new(Cost { memory_kib: 8, passes: 1 }).unwrap();
    let desk = AccountDesk::new(store.clone(), passwords, BruteForce::new(store.clone(), true));
    World { desk, sign_ins: SignIns::new(store.clone(), tokens), store, _dir: dir }
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

fn applicant(username: &str, email: &str) -> Applicant {
    Applicant { username: username.into(), email: email.into(), password: password(GOOD) }
}

impl World {
    async fn ada(&self) -> Player {
        self.desk.register(applicant("Ada", "ada@example.org"), None, NOW).await.unwrap()
    }

    async fn login(&self, login: &str, text: &str) -> Result<Player, Problem> {
        self.login_on(None, login, text).await
    }

    async fn login_on(
        &self,
        device: Option<SecretHash>,
        login: &str,
        text: &str,
    ) -> Result<Player, Problem> {
        let (password, address) = (password(text), AddressKey::V4(1));
        let asked = PasswordLogin { login, password, device, address };
        self.desk.login(asked, &HttpLimits::new(None), NOW).await
    }
}

#[tokio::test]
async fn one_signs_in_by_name_or_address_in_any_spelling() {
    let world = world();
    let ada = world.ada().await;
    for login in ["Ada", "ADA", " ada ", "Ａｄａ", "ada@example.org", "ADA@Example.ORG"] {
        assert_eq!(world.login(login, GOOD).await.as_ref(), Ok(&ada), "{login}");
    }
}

#[tokio::test]
async fn whoever_is_refused_is_refused_alike_and_at_the_same_cost() {
    let world = world();
    world.ada().await;
    let mut answers = Vec::new();
    let tries = [
        ("Ada", OTHER),
        ("Ada", ""),
        ("nobody", GOOD),
        ("nobody@example.org", GOOD),
        ("no name at all\0", GOOD),
        ("@", GOOD),
    ];
    for (login, text) in tries {
        let before = world.desk.passwords().checks();
        let problem = world.login(login, text).await.unwrap_err();
        assert_eq!(world.desk.passwords().checks(), before + 1, "{login:?}: one check");
        assert_eq!(problem.code(), ErrorCode::InvalidCredentials);
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let before = world.desk.passwords().checks();
    world.login("Ada", GOOD).await.unwrap();
    assert_eq!(world.desk.passwords().checks(), before + 1);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_form_is_told_at_once() {
    let world = world();
    let problem = world.desk.register(applicant("a", "nowhere"), None, NOW).await.unwrap_err();
    let body = problem.response("x").into_body();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let errors: Vec<_> = body["errors"].as_array().unwrap().iter().collect();
    let places: Vec<_> =
        errors.iter().map(|each| (each["pointer"].as_str(), each["code"].as_str())).collect();
    let expected = [("/username", "too_short"), ("/email", "not_an_email")];
    assert_eq!(places, expected.map(|(pointer, code)| (Some(pointer), Some(code))));
}

#[tokio::test]
async fn a_password_made_of_ones_own_name_is_weak() {
    let world = world();
    let (username, email) = ("Bartholomew.Quincy".into(), "x@example.org".into());
    let own = Applicant { username, email, password: password("bartholomew.quincy") };
    let problem = world.desk.register(own, None, NOW).await.unwrap_err();
    assert_eq!(problem.code(), ErrorCode::WeakPassword);
}

#[tokio::test]
async fn a_guest_registers_once() {
    let world = world();
    let guest = world.sign_ins.guest(None, NOW).await.unwrap().player;
    let register =
        |name: &str, email: &str| world.desk.register(applicant(name, email), Some(guest.id), NOW);
    let ada = register("Ada", "ada@example.org").await.unwrap();
    assert_eq!((ada.id, ada.guest), (guest.id, false));
    let again = register("Bob", "bob@example.org").await.unwrap_err();
    assert_eq!(again.code(), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_password_at_its_old_cost_is_stored_at_the_new_one() {
    let world = world();
    let ada = world.ada().await;
    let dearer = Passwords::new(Cost { memory_kib: 16, passes: 1 }).unwrap();
    let lifted = BruteForce::new(world.store.clone(), false);
    let now = World { desk: AccountDesk::new(world.store.clone(), dearer, lifted), ..world };

    now.login("Ada", GOOD).await.unwrap();

    let stored = now.store.account(ada.id).await.unwrap().unwrap().phc;
    assert!(stored.starts_with("$argon2id$v=19$m=16,"), "{stored}");
    now.login("Ada", GOOD).await.unwrap();
    assert_eq!(now.store.account(ada.id).await.unwrap().unwrap().phc, stored);
}

#[tokio::test]
async fn a_new_password_keeps_the_sign_in_that_asked_for_it() {
    let world = world();
    let ada = world.ada().await;
    let mine = world.sign_ins.signed_in(ada.clone(), NOW).await.unwrap();
    let other = world.sign_ins.signed_in(ada.clone(), NOW).await.unwrap();
    let own = world.store.sign_in_of(&secret::hash(&mine.refresh_token));
    let change = |current, new| {
        let passwords = (password(current), password(new));
        world.desk.change_password(&world.sign_ins, &ada, own, passwords, NOW)
    };

    let wrong = change(OTHER, OTHER).await.unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::InvalidCredentials);
    let weak = change(GOOD, "passwordpassword").await.unwrap_err();
    assert_eq!(weak.code(), ErrorCode::WeakPassword);
    let renewed = change(GOOD, OTHER).await.unwrap();

    assert_eq!(renewed.player.epoch, ada.epoch + 1);
    assert_eq!(world.login("Ada", OTHER).await.unwrap().id, ada.id);
    assert!(world.login("Ada", GOOD).await.is_err());
    assert!(world.store.sign_in_valid(own, NOW).await.unwrap());
    world.sign_ins.refresh(&renewed.refresh_token, NOW).await.unwrap();
    for gone in [&mine.refresh_token, &other.refresh_token] {
        assert!(world.sign_ins.refresh(gone, NOW).await.is_err());
    }
}

#[tokio::test]
async fn an_account_is_deleted_with_its_password_and_a_guest_without() {
    let world = world();
    let ada = world.ada().await;
    let missing = world.desk.delete(&ada, None, NOW).await.unwrap_err();
    assert_eq!(missing.code(), ErrorCode::BadRequest);
    let wrong = world.desk.delete(&ada, Some(password(OTHER)), NOW).await.unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::InvalidCredentials);
    assert!(world.store.player(ada.id).await.unwrap().is_some());
    world.desk.delete(&ada, Some(password(GOOD)), NOW).await.unwrap();
    assert_eq!(world.store.player(ada.id).await.unwrap(), None);
    let guest = world.sign_ins.guest(None, NOW).await.unwrap().player;
    world.desk.delete(&guest, None, NOW).await.unwrap();
    assert_eq!(world.store.player(guest.id).await.unwrap(), None);
}

#[tokio::test]
async fn without_the_database_nobody_signs_in_and_nobody_is_told_who_there_is() {
    let world = world();
    world.ada().await;
    world.store.down.store(true, std::sync::atomic::Ordering::Relaxed);
    for login in ["Ada", "nobody"] {
        assert_eq!(world.login(login, GOOD).await.unwrap_err().code(), ErrorCode::Unavailable);
    }
}

#[tokio::test]
async fn an_account_that_is_kept_shut_looks_like_any_other_and_a_known_device_gets_in() {
    let world = world();
    let ada = world.ada().await;
    world.desk.brute_force().met(ada.id, [7; 32], NOW).await;
    let wrong = world.login("Ada", OTHER).await.unwrap_err();
    for _ in 0..4 {
        assert_eq!(world.login("Ada", OTHER).await.as_ref(), Err(&wrong));
    }
    // From here on the right password is as wrong as any, at the same cost.
    let before = world.desk.passwords().checks();
    assert_eq!(world.login("Ada", GOOD).await.as_ref(), Err(&wrong));
    assert_eq!(world.login("ada@example.org", GOOD).await.as_ref(), Err(&wrong));
    assert_eq!(world.desk.passwords().checks(), before + 2);

    assert_eq!(world.login_on(Some([7; 32]), "Ada", GOOD).await.as_ref(), Ok(&ada));

    assert_eq!(world.login_on(Some([8; 32]), "Ada", GOOD).await.as_ref(), Err(&wrong));
}
