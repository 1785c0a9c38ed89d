//! What a new password must be (NIST SP 800-63B-4 3.1.1.2): long, and not among the first that somebody would try.
//! Nothing is asked of what it is composed of. Pure.

use precis_profiles::{
    OpaqueString,
    precis_core::{
        DerivedPropertyValue, FreeformClass, StringClass, profile::PrecisFastInvocation,
    },
};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

pub const CHARS: std::ops::RangeInclusive<usize> = 15..=128;
/// The estimate takes time that grows with the length; what these do not make strong, the rest does not.
const ESTIMATED_CHARS_MAX: usize = 72;
/// Out of reach for somebody who has stolen the hash and has months.
const SCORE_MIN: Score = Score::Three;
/// What a password here may be made of without saying anything.
const OF_THE_SITE: [&str; 5] = ["gamev1", "game", "player", "account", "login"];

/// Long passwords that many have, one a line, in lower case and sorted.
const COMMON: &str = include_str!("common.txt");

/// Why a password is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Its form is wrong: a code of `errors`, and a sentence.
    Form { code: &'static str, detail: String },
    /// It would be guessed.
    Weak { code: &'static str, detail: String },
}

/// The password as it is hashed, if its form is one.
///
/// # Errors
/// `too_short`, `too_long`, `not_allowed`.
pub fn form(given: &str) -> Result<Zeroizing<String>, Unfit> {
    let unfit = |code, detail: String| Err(Unfit::Form { code, detail });
    let length = |count: usize| {
        let (min, max) = (CHARS.start(), CHARS.end());
        let code = if count < *min { "too_short" } else { "too_long" };
        unfit(code, format!("expected {min} to {max} characters, got {count}"))
    };
    let count = given.chars().count();
    if count == 0 || count > 4 * *CHARS.end() {
        return length(count);
    }
    let Some(normal) = opaque(given) else {
        let what = "expected no control characters, nor others that are not seen";
        return unfit("not_allowed", what.to_owned());
    };
    let count = normal.chars().count();
    if CHARS.contains(&count) { Ok(normal) } else { length(count) }
}

/// OpaqueString (RFC 8265 4.2), so that every keyboard gives the same. Its tables are those of Unicode 6.3; characters
/// that are newer go the same way, as those do that it allows. `None` for what it does not.
pub(super) fn opaque(given: &str) -> Option<Zeroizing<String>> {
    let class = FreeformClass::default();
    let is_newer = |c: char| class.get_value_from_char(c) == DerivedPropertyValue::Unassigned;
    let known: Zeroizing<String> =
        Zeroizing::new(given.chars().filter(|c| !is_newer(*c)).collect());
    let none_newer = known.len() == given.len();
    // An empty string is none of that form.
    if none_newer || !known.is_empty() {
        let normal = Zeroizing::new(OpaqueString::enforce(known.as_str()).ok()?.into_owned());
        if none_newer {
            return Some(normal);
        }
    }
    let spaced = given.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    Some(Zeroizing::new(spaced.nfc().collect()))
}

/// Takes some milliseconds.
///
/// # Errors
/// `common`, `guessable`.
pub fn strength(password: &str, about: &[String]) -> Result<(), Unfit> {
    let weak = |code, detail: String| Err(Unfit::Weak { code, detail });
    let lower = Zeroizing::new(password.to_lowercase());
    if is_common(&lower) {
        return weak("common", "many others have this password".to_owned());
    }
    let known: Vec<&str> = about.iter().map(String::as_str).chain(OF_THE_SITE).collect();
    let end = password.char_indices().nth(ESTIMATED_CHARS_MAX).map_or(password.len(), |(at, _)| at);
    let estimate = zxcvbn(&password[..end], &known);
    if estimate.score() >= SCORE_MIN {
        return Ok(());
    }
    let mut why = "it would be guessed too soon.".to_owned();
    if let Some(feedback) = estimate.feedback() {
        let warning = feedback.warning().map(|warning| warning.to_string());
        let suggestions = feedback.suggestions().iter().map(|suggestion| suggestion.to_string());
        for sentence in warning.into_iter().chain(suggestions) {
            why.push(' ');
            why.push_str(&sentence);
        }
    }
    weak("guessable", why)
}

fn is_common(lower: &str) -> bool {
    // A page of text: to look through it takes less than what comes after.
    COMMON.lines().any(|common| common == lower)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(password: &str) -> &'static str {
        let about = ["Ada.Lovelace".to_owned(), "countess@example.org".to_owned()];
        match form(password).and_then(|normal| strength(&normal, &about)) {
            Ok(()) => "taken",
            Err(Unfit::Form { code, .. } | Unfit::Weak { code, .. }) => code,
        }
    }

    #[test]
    fn a_long_password_is_taken_whatever_it_is_made_of() {
        for password in [
            "plinth ember quokka sundial",
            "vexing-marzipan-otter",
            "сорок тысяч обезьян ели банан",
            "😀 umbrella 😀 granite 😀 fjord",
            "8392017465102938",
            // Of Unicode 10, 11, 14 and 15.
            "🦒 correct zebra lantern 🥰",
            "🫠 tug 🫨 quokka plinth ember",
            "🦒🥰🫠🫨🧿🪬🪩🫧🦒🪩🫧🫠🧿🥰🪬🫨🦭",
        ] {
            assert_eq!(code(password), "taken", "{password}");
        }
    }

    #[test]
    fn the_form_is_a_length_and_no_control_characters() {
        assert_eq!(code(""), "too_short");
        assert_eq!(code("quokka ember 1"), "too_short");
        assert_eq!(code(&"quokka ember ".repeat(10)), "too_long");
        assert_eq!(code(&"x".repeat(16_000)), "too_long");
        assert_eq!(code("plinth ember quokka\0"), "not_allowed");
        assert_eq!(code("plinth ember\nquokka"), "not_allowed");
        assert_eq!(code("plinth 🫠 ember\nquokka"), "not_allowed");
        assert_eq!(code("plinth 🫠 ember\u{ffff}quokka"), "not_allowed");
        assert_eq!(code("🦒🥰🫠"), "too_short");
    }

    #[test]
    fn what_would_be_tried_first_is_weak() {
        for weak in
            ["passwordpassword", "PasswordPassword", "123456789012345", "qwertyuiopasdfghjkl"]
        {
            assert_eq!(code(weak), "common", "{weak}");
        }
        for weak in
            ["aaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabc", "Ada.Lovelace1815", "gamev1gamev1gamev1"]
        {
            assert_eq!(code(weak), "guessable", "{weak}");
        }
    }

    #[test]
    fn the_same_password_typed_in_another_way_is_the_same() {
        let apart = form("cafe\u{301} au lait, deux fois").unwrap();
        assert_eq!(apart, form("café au lait, deux\u{a0}fois").unwrap());
    }

    proptest! {
        // The estimate takes its time.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_that_is_sent_breaks_anything(given in any::<Vec<char>>(), text in ".{15,128}") {
            for password in [given.into_iter().collect(), text] {
                let _ = code(&password);
            }
        }
    }

    #[test]
    fn the_common_ones_could_be_asked_for() {
        for common in COMMON.lines() {
            let normal = form(common).unwrap_or_else(|unfit| panic!("{common:?}: {unfit:?}"));
            assert_eq!(*normal.to_lowercase(), *common, "in lower case");
        }
        assert!(COMMON.lines().is_sorted());
    }
}
