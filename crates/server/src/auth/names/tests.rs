//! Names and addresses that are taken, and those that are not.

use gamev1_persistence::names::{email_key, username_key};
use proptest::prelude::*;

use super::*;

fn refused(given: &str) -> &'static str {
    username(given).map_or_else(|unfit| unfit.code, |taken| panic!("{given:?} became {taken:?}"))
}

#[test]
fn a_username_is_shown_as_it_was_given() {
    for name in
        ["Ada", "ada.lovelace", "x_X-9", "Иван", "Çelik", "李小龍", "Zoë", "ひらがな漢字カナ"]
    {
        assert_eq!(username(name).as_deref(), Ok(name));
    }
    assert_eq!(username("  Ada ").as_deref(), Ok("Ada"));
    // Full width is another way to write the same letters, and an accent may be written apart from its letter.
    assert_eq!(username("Ａｄａ").as_deref(), Ok("Ada"));
    assert_eq!(username("Zoe\u{308}").as_deref(), Ok("Zoë"));
}

#[test]
fn a_username_has_three_to_thirty_two_characters() {
    assert_eq!(refused(""), "too_short");
    assert_eq!(refused("   "), "too_short");
    assert_eq!(refused("ab"), "too_short");
    assert_eq!(username("abc").as_deref(), Ok("abc"));
    assert_eq!(username(&"ж".repeat(32)).unwrap().chars().count(), 32);
    assert_eq!(refused(&"ж".repeat(33)), "too_long");
    assert_eq!(refused(&"a".repeat(16_000)), "too_long");
}

#[test]
fn what_is_no_name_is_refused() {
    let wrong = [
        "two words",
        "nul\0byte",
        "line\nbreak",
        "zero\u{200b}width",
        "right\u{202e}left",
        "😀😀😀",
        "ada@home",
        "a/b/c",
        "<script>",
        "-ada",
        "ada.",
        "ﬁsh",
        "a\u{300}\u{301}\u{e000}",
        "%00%00",
        "ada\u{fe0f}",
        "' OR 1=1",
    ];
    for name in wrong {
        assert_eq!(refused(name), "not_allowed", "{name:?}");
    }
}

#[test]
fn letters_of_two_scripts_that_look_alike_are_not_mixed() {
    for name in ["pаypal", "Аda", "ΑΒC"] {
        assert_eq!(refused(name), "not_allowed", "{name}");
    }
}

#[test]
fn names_that_speak_for_the_server_are_reserved_however_they_are_spelt() {
    let reserved = [
        "admin",
        "ADMIN",
        "Adrnin",
        "a.d.m.i.n",
        "m0derator",
        "adm1n",
        "gamevI",
        "System",
        "sy-stem",
        "gamev1",
        "GameVl",
        "guest-0A1B2C",
        "GUEST-x",
        "guest",
        "root",
        "0fficial",
    ];
    for name in reserved {
        assert_eq!(refused(name), "reserved", "{name}");
    }
    for name in ["administer", "guesthouse", "Rooty"] {
        assert_eq!(username(name).as_deref(), Ok(name));
    }
}

#[test]
fn an_address_is_written_with_its_domain_in_ascii() {
    assert_eq!(email(" Ada.L+x@Example.ORG ").as_deref(), Ok("Ada.L+x@example.org"));
    assert_eq!(email("ada@bücher.example").as_deref(), Ok("ada@xn--bcher-kva.example"));
    assert_eq!(email("ада@example.org").as_deref(), Ok("ада@example.org"));
    let one = email("Zoe\u{308}@example.org").unwrap();
    assert_eq!(email_key(&one), email_key(&email("ZOË@EXAMPLE.org").unwrap()));
}

#[test]
fn what_is_no_address_is_refused() {
    let wrong = [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "ada@127.0.0.1",
        "a da@example.org",
        "ada@exa mple.org",
        "ada@-x.example",
        "ada..x@example.org",
        ".ada@example.org",
        "a\0b@example.org",
        "a\r\nBcc: b@example.org",
        "ada@example.org\u{0}",
        "\u{202e}ada@example.org",
        "ada@.example",
        "\"a b\"@example.org",
        "ada@b@example.org",
        "ada@example..org",
    ];
    for given in wrong {
        assert_eq!(email(given).map_err(|unfit| unfit.code), Err("not_an_email"), "{given:?}");
    }
    let long = format!("{}@{}.example", "a".repeat(64), "b.".repeat(100));
    assert_eq!(email(&long).map_err(|unfit| unfit.code), Err("not_an_email"));
    let longer = format!("{}@{}example", "a".repeat(60), "bbb.".repeat(50));
    assert_eq!(email(&longer).map_err(|unfit| unfit.code), Err("too_long"));
    assert_eq!(email(&"a".repeat(16_000)).map_err(|unfit| unfit.code), Err("too_long"));
}

#[test]
fn one_signs_in_by_either() {
    assert_eq!(login("Ada@Example.org"), Some(Login::Email("Ada@example.org".to_owned())));
    assert_eq!(login("Ａｄａ"), Some(Login::Username("Ada".to_owned())));
    assert_eq!(username_key("Ada"), "ada");
    for nobody in ["", "two words", "ada@", &"a".repeat(5_000), "nul\0"] {
        assert_eq!(login(nobody), None, "{nobody:.20}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_breaks_anything(given in ".{0,80}", bytes in any::<Vec<char>>()) {
        for text in [given, bytes.into_iter().collect()] {
            let _ = (username(&text), email(&text), login(&text));
        }
    }

    /// What was taken is taken again as it is, and found by whoever signs in with it.
    #[test]
    fn a_name_that_was_taken_stays_as_it_is(given in r"[\w.\-]{3,40}") {
        if let Ok(shown) = username(&given) {
            prop_assert_eq!(username(&shown), Ok(shown.clone()));
            let Some(Login::Username(found)) = login(&given) else {
                return Err(TestCaseError::fail(given));
            };
            prop_assert_eq!(username_key(&found), username_key(&shown));
        }
    }

    #[test]
    fn an_address_that_was_taken_stays_as_it_is(
        local in r"[\w.+\-]{1,20}",
        domain in r"[\w]{1,12}\.[a-zA-Z]{2,8}",
    ) {
        if let Ok(shown) = email(&format!("{local}@{domain}")) {
            prop_assert_eq!(email(&shown), Ok(shown.clone()));
            let Some(Login::Email(found)) = login(&format!(" {local}@{domain}")) else {
                return Err(TestCaseError::fail(shown));
            };
            prop_assert_eq!(email_key(&found), email_key(&shown));
        }
    }
}
