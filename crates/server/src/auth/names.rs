//! What a username and an e-mail address may be. Pure: whether they are free is the database's to say.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use gamev1_persistence::{credentials::Login, names::username_skeleton};
use idna::AsciiDenyList;
use precis_profiles::{UsernameCasePreserved, precis_core::profile::PrecisFastInvocation};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
/// RFC 5321 4.5.3.1.3 leaves 254 bytes for the address between its brackets,
pub const EMAIL_BYTES_MAX: usize = 254;
/// and 4.5.3.1.1 of these 64 for the part before the `@`.
const LOCAL_BYTES_MAX: usize = 64;
/// What of ASCII a username may have beside letters and digits. No `@`: it tells an address from a name.
const PUNCTUATION: [char; 3] = ['-', '_', '.'];

/// Names that would speak for the server or for those who run it, in whatever spelling.
const RESERVED: [&str; 36] = [
    "admin",
    "administrator",
    "admins",
    "anonymous",
    "bot",
    "console",
    "deleted",
    "everyone",
    "gamev1",
    "gm",
    "guest",
    "help",
    "here",
    "host",
    "info",
    "me",
    "mod",
    "moderator",
    "moderators",
    "mods",
    "nobody",
    "null",
    "official",
    "operator",
    "owner",
    "postmaster",
    "root",
    "security",
    "server",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "undefined",
    "webmaster",
];
/// The server names guests so.
const GUEST_PREFIX: &str = "guest-";

static RESERVED_SKELETONS: LazyLock<Vec<String>> =
    LazyLock::new(|| RESERVED.iter().map(|word| username_skeleton(word)).collect());
static GUEST_SKELETON: LazyLock<String> = LazyLock::new(|| username_skeleton(GUEST_PREFIX));

/// Why a name or an address is refused: a code of `errors`, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    pub code: &'static str,
    pub detail: String,
}

fn unfit(code: &'static str, detail: impl Into<String>) -> Unfit {
    Unfit { code, detail: detail.into() }
}

/// The username as it is shown: 3 to 32 letters and digits of one script, with `-`, `_` and `.` between them, in the
/// form of UsernameCasePreserved (RFC 8265 3.4). What it is compared by is UsernameCaseMapped (3.3): the same in lower
/// case.
///
/// # Errors
/// `too_short`, `too_long`, `not_allowed`, `reserved`.
pub fn username(given: &str) -> Result<String, Unfit> {
    // Before anything looks at each of them: the rules are for names, not for books.
    if given.len() > *USERNAME_CHARS.end() * 8 {
        return Err(too_long_or_short(given.chars().take(1_000).count()));
    }
    let shown = UsernameCasePreserved::enforce(given.trim());
    let count = shown.as_ref().map_or(given.trim().chars().count(), |shown| shown.chars().count());
    if !USERNAME_CHARS.contains(&count) {
        return Err(too_long_or_short(count));
    }
    let shown = shown.map_err(|_| {
        unfit("not_allowed", "a username has letters and digits, no spaces and no symbols")
    })?;
    let allowed = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || PUNCTUATION.contains(&c);
    if !shown.chars().all(allowed) {
        return Err(unfit("not_allowed", "of the symbols a username has only - _ ."));
    }
    let at_an_end = [shown.chars().next(), shown.chars().next_back()];
    if at_an_end.iter().flatten().any(|c| PUNCTUATION.contains(c)) {
        return Err(unfit("not_allowed", "a username begins and ends with a letter or a digit"));
    }
    // Letters of two alphabets that look alike are in one name for one reason.
    if !shown.check_restriction_level(RestrictionLevel::ModeratelyRestrictive) {
        return Err(unfit("not_allowed", "a username has letters of one script"));
    }
    if is_reserved(&shown) {
        return Err(unfit("reserved", "this username is reserved"));
    }
    Ok(shown.into_owned())
}

fn too_long_or_short(count: usize) -> Unfit {
    let (min, max) = (USERNAME_CHARS.start(), USERNAME_CHARS.end());
    let code = if count < *min { "too_short" } else { "too_long" };
    unfit(code, format!("expected {min} to {max} characters, got {count}"))
}

fn is_reserved(shown: &str) -> bool {
    let skeleton = username_skeleton(shown);
    let bare: String = skeleton.chars().filter(|c| !PUNCTUATION.contains(c)).collect();
    skeleton.starts_with(&*GUEST_SKELETON) || RESERVED_SKELETONS.contains(&bare)
}

/// The address as it is shown and written to: the part before the `@` as it was given, the domain in ASCII and lower
/// case (UTS 46). Whether mail arrives there is not known by looking at it.
///
/// # Errors
/// `too_long`, `not_an_email`.
pub fn email(given: &str) -> Result<String, Unfit> {
    let given = given.trim();
    // An address in other characters may be longer than what becomes of it, but not by this.
    if given.len() > 4 * EMAIL_BYTES_MAX {
        return Err(email_too_long());
    }
    let wrong = |why: &str| unfit("not_an_email", format!("expected an e-mail address: {why}"));
    let normal: String = given.nfc().collect();
    let (local, domain) = normal.rsplit_once('@').ok_or_else(|| wrong("it has an @"))?;
    if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
        return Err(wrong("1 to 64 bytes stand before the @"));
    }
    // A dot-string of RFC 5321 4.1.2, with what RFC 6531 3.3 adds; quoted ones are not taken.
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let other =
        |c: char| !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_invisible(c);
    let dots = local.split('.').any(str::is_empty);
    if dots || !local.chars().all(|c| c == '.' || atom(c) || other(c)) {
        return Err(wrong("before the @ are letters, digits and some symbols, no spaces"));
    }
    let domain = idna::uts46::Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            idna::uts46::Hyphens::CheckFirstLast,
            idna::uts46::DnsLength::Verify,
        )
        .map_err(|_| wrong("behind the @ is a domain"))?;
    let labels: Vec<_> = domain.split('.').collect();
    let numeric = |label: &&str| label.bytes().all(|b| b.is_ascii_digit());
    if labels.len() < 2 || labels.last().is_none_or(numeric) {
        return Err(wrong("behind the @ is a domain with a dot"));
    }
    let shown = format!("{local}@{domain}");
    if shown.len() > EMAIL_BYTES_MAX {
        return Err(email_too_long());
    }
    Ok(shown)
}

fn email_too_long() -> Unfit {
    unfit("too_long", format!("expected at most {EMAIL_BYTES_MAX} bytes"))
}

/// Marks that change how text is laid out and are themselves not seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What somebody signs in as: an address when there is an `@` in it, else a username. `None` when nobody can have
/// that as either.
pub fn login(given: &str) -> Option<Login> {
    if given.contains('@') {
        return email(given).ok().map(Login::Email);
    }
    if given.len() > *USERNAME_CHARS.end() * 8 {
        return None;
    }
    // Accounts that were made by hand, before there were rules, sign in as well.
    let normal = UsernameCasePreserved::enforce(given.trim()).ok()?;
    Some(Login::Username(normal.into_owned()))
}
