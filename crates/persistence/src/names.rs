//! What the uniqueness of names is judged by, on every engine. What a name may be is decided by who asks for it.

/// Usernames are the same in any case.
pub fn username_key(username: &str) -> String {
    username.to_lowercase()
}

/// What a username looks like (UTS 39 4): two with the same skeleton are taken for each other. Names are shown in the
/// case that their owners chose and are the same in any, so it is that of the name in lower case, with `i` as the `l`
/// that its capital looks like; and in lower case, because `0` looks like `O`.
pub fn username_skeleton(username: &str) -> String {
    let looks: String = unicode_security::skeleton(&username.to_lowercase()).collect();
    looks.to_lowercase().replace('i', "l")
}

/// E-mail addresses are the same in any case. Where the mail server tells cases apart, one of the two cannot register;
/// nearly none does.
pub fn email_key(email: &str) -> String {
    email.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        let alike = ["Admin", "аdmin", "adrnin", "ADMIN"];
        for name in alike {
            assert_eq!(username_skeleton(name), username_skeleton("admin"), "{name}");
        }
        assert_eq!(username_skeleton("b0b"), username_skeleton("Bob"));
        for name in ["AIice", "a1ice", "AlIce", "ALICE", "Alіce"] {
            assert_eq!(username_skeleton(name), username_skeleton("alice"), "{name}");
        }
        assert_ne!(username_skeleton("adnin"), username_skeleton("admin"));
    }
}
