//! What is no access token of this server.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    NOW + Duration::from_secs(seconds)
}

struct Fixture {
    tokens: Tokens,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    Fixture { tokens: Tokens::new(Keys::open(dir.path(), NOW).unwrap()), _dir: dir }
}

fn subject() -> Subject {
    Subject { player: PlayerId::new(), sign_in: SignInId::new(), epoch: 3, role: "player" }
}

impl Fixture {
    fn kid(&self) -> String {
        self.tokens.keys().signing(NOW).unwrap().kid.clone()
    }

    /// A token that is right but for `change`.
    fn signed(&self, change: impl FnOnce(&mut Value, &mut Header)) -> String {
        let mut claims = json!({
            "iss": "gamev1", "aud": "gamev1", "sub": PlayerId::new(), "exp": 1_600, "nbf": 1_000,
            "iat": 1_000, "jti": "1", "sid": SignInId::new(), "epoch": 0, "role": "player",
        });
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".into());
        let keys = self.tokens.keys();
        header.kid = Some(self.kid());
        change(&mut claims, &mut header);
        jsonwebtoken::encode(&header, &claims, &keys.signing(NOW).unwrap().signing).unwrap()
    }

    fn verify(&self, change: impl FnOnce(&mut Value, &mut Header)) -> Result<Claims, TokenError> {
        self.tokens.verify(&self.signed(change), at(1_100))
    }
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_token_says_what_was_signed() {
    let Fixture { tokens, _dir } = fixture();
    let subject = subject();
    let token = tokens.sign(&subject, at(1_000), ACCESS_TTL).unwrap();
    assert!(token.len() < TOKEN_BYTES_MAX);
    let claims = tokens.verify(&token, at(1_000)).unwrap();
    assert_eq!((claims.sub, claims.sid), (subject.player, subject.sign_in));
    assert_eq!((claims.epoch, claims.role.as_str()), (3, "player"));
    assert_eq!((claims.iat, claims.nbf, claims.exp), (1_000, 1_000, 1_600));
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::EdDSA, Some("at+jwt")));
}

#[test]
fn a_token_is_good_for_its_time_give_or_take_five_seconds() {
    let fixture = fixture();
    let token = fixture.signed(|_, _| ());
    for (now, expected) in [
        (994, Some(TokenError::NotYet)),
        (995, None),
        (1_000, None),
        (1_604, None),
        (1_605, Some(TokenError::Expired)),
        (9_999, Some(TokenError::Expired)),
    ] {
        assert_eq!(fixture.tokens.verify(&token, at(now)).err(), expected, "at {now}");
    }
    let late = fixture.signed(|claims, _| claims["iat"] = json!(1_500));
    assert_eq!(fixture.tokens.verify(&late, at(1_100)), Err(TokenError::NotYet));
}

#[test]
fn every_claim_is_needed_and_right() {
    let fixture = fixture();
    assert!(fixture.verify(|_, _| ()).is_ok());
    for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "epoch", "role"] {
        let without = |claims: &mut Value, _: &mut Header| {
            claims.as_object_mut().unwrap().remove(name);
        };
        let refused = fixture.verify(without);
        assert!(matches!(refused, Err(TokenError::Refused(_))), "without {name}: {refused:?}");
    }
    for (name, wrong) in [
        ("iss", json!("someone")),
        ("iss", json!(["gamev1"])),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("sub", json!("not a player")),
        ("exp", json!("1600")),
        ("exp", json!(-1)),
        ("nbf", json!(null)),
        ("jti", json!("")),
        ("sid", json!(7)),
        ("epoch", json!(-1)),
        ("role", json!(null)),
    ] {
        let refused = fixture.verify(|claims, _| claims[name] = wrong.clone());
        assert!(matches!(refused, Err(TokenError::Refused(_))), "{name} {wrong}: {refused:?}");
    }
}

#[test]
fn another_type_is_no_access_token() {
    let fixture = fixture();
    for typ in [None, Some("JWT"), Some("AT+JWT"), Some("application/at+jwt"), Some("rt+jwt")] {
        let refused = fixture.verify(|_, header| header.typ = typ.map(str::to_owned));
        assert_eq!(refused, Err(TokenError::WrongType), "{typ:?}");
    }
    let refused = fixture.verify(|_, header| header.crit = Some(vec!["b64".into()]));
    assert_eq!(refused, Err(TokenError::WrongType));
}

#[test]
fn a_key_is_named_and_known() {
    let fixture = fixture();
    for kid in [None, Some(""), Some("other"), Some("../../etc/passwd")] {
        let refused = fixture.verify(|_, header| header.kid = kid.map(str::to_owned));
        assert_eq!(refused, Err(TokenError::UnknownKey), "{kid:?}");
    }
}

#[test]
fn the_signature_is_of_a_key_of_this_server() {
    let (ours, theirs) = (fixture(), fixture());
    let theirs = theirs.signed(|_, header| header.kid = Some(ours.kid()));
    let refused = ours.tokens.verify(&theirs, at(1_100));
    assert!(matches!(refused, Err(TokenError::Refused(_))), "{refused:?}");

    let token = ours.signed(|_, _| ());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["role"] = json!("admin");
    for forged in [
        format!("{header}.{}.{signature}", part(&claims)),
        format!("{message}."),
        message.to_owned(),
        format!("{message}.AAAA"),
        String::new(),
        "..".into(),
        "a.b.c".into(),
    ] {
        let refused = ours.tokens.verify(&forged, at(1_100));
        assert!(matches!(refused, Err(TokenError::Refused(_))), "{forged}: {refused:?}");
    }
}

#[test]
fn no_other_algorithm_is_taken() {
    let fixture = fixture();
    let (kid, keys) = (&fixture.kid(), fixture.tokens.keys());
    let token = fixture.signed(|_, _| ());
    let claims = token.split('.').nth(1).unwrap();
    let none = part(&json!({ "alg": "none", "typ": "at+jwt", "kid": kid }));
    for forged in [format!("{none}.{claims}."), format!("{none}.{claims}.AAAA")] {
        let refused = fixture.tokens.verify(&forged, at(1_100));
        assert!(matches!(refused, Err(TokenError::Refused(_))), "{refused:?}");
    }

    // The classic confusion: the public key as the secret of an HMAC.
    let public: &DecodingKey = keys.verifying(kid).unwrap();
    let secret = EncodingKey::from_secret(public.try_get_as_bytes().unwrap());
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("at+jwt".into());
    header.kid = Some(kid.clone());
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let forged = jsonwebtoken::encode(&header, &claims, &secret).unwrap();
    let refused = fixture.tokens.verify(&forged, at(1_100));
    assert!(matches!(refused, Err(TokenError::Refused(_))), "{refused:?}");
}

#[test]
fn a_long_token_is_refused_unread() {
    let fixture = fixture();
    let padded = fixture.signed(|claims, _| claims["padding"] = json!("x".repeat(1_000)));
    assert_eq!(fixture.tokens.verify(&padded, at(1_100)), Err(TokenError::TooLong));
    let exact = "x".repeat(TOKEN_BYTES_MAX);
    assert_ne!(fixture.tokens.verify(&exact, at(1_100)), Err(TokenError::TooLong));
}

#[test]
fn only_a_token_that_is_over_asks_for_another() {
    let code = |error: TokenError| WireError::from(error).code;
    assert_eq!(code(TokenError::Expired), ErrorCode::TokenExpired);
    assert_eq!(code(TokenError::NotYet), ErrorCode::Unauthenticated);
    assert_eq!(code(TokenError::UnknownKey), ErrorCode::Unauthenticated);
}

#[test]
fn a_token_of_the_former_key_is_good_until_that_key_is_gone() {
    let Fixture { tokens, _dir } = fixture();
    let old = tokens.sign(&subject(), at(1_000), ACCESS_TTL).unwrap();
    let rotated = Keys::rotate(_dir.path(), at(1_000), false).unwrap();
    let change = tokens.replace_keys(Keys::open(_dir.path(), at(1_000)).unwrap());
    assert_eq!(change, KeyChange { added: vec![rotated.kid.clone()], removed: vec![] });
    assert_eq!(tokens.generation(), 0);
    let kid_of = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let still = tokens.sign(&subject(), at(1_001), ACCESS_TTL).unwrap();
    assert_eq!(kid_of(&still), kid_of(&old));
    let new = tokens.sign(&subject(), at(1_200), ACCESS_TTL).unwrap();
    assert_eq!(kid_of(&new), rotated.kid);
    assert!([&old, &new].iter().all(|token| tokens.verify(token, at(1_200)).is_ok()));

    Keys::rotate(_dir.path(), at(1_200), false).unwrap();
    let change = tokens.replace_keys(Keys::open(_dir.path(), at(1_200)).unwrap());
    assert_eq!((change.removed, tokens.generation()), (vec![kid_of(&old)], 1));
    assert_eq!(tokens.verify(&old, at(1_200)).err(), Some(TokenError::UnknownKey));
    assert!(tokens.verify(&new, at(1_200)).is_ok());
}
