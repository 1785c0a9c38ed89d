//! What players ask about their accounts: to register, to sign in by password, to change, to leave.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::SystemTime};

use gamev1_actors::ports::audit::{AuditActor, AuditEntry, AuditTarget};
use gamev1_persistence::{
    accounts::{Player, SecretHash},
    credentials::{
        Account, Change, Credentials, Export, Login, NotDeleted, Registration, Taken, Unchanged,
    },
    names::{email_key, username_key},
};
use gamev1_protocol::{ErrorCode, PlayerId, SignInId, WireError};
use sha2::{Digest, Sha256};

use super::{
    authenticator::unavailable,
    brute_force::{Attempt, BruteForce},
    names,
    passwords::{Password, Passwords, policy},
    secret,
    sign_in::{SignIns, SignedIn},
};
use crate::{
    address::AddressKey,
    limits::HttpLimits,
    problem::{FieldError, Problem},
};

pub struct AccountDesk {
    credentials: Arc<dyn Credentials>,
    passwords: Passwords,
    brute_force: BruteForce,
}

/// Who wants an account, unchecked.
#[derive(Debug)]
pub struct Applicant {
    pub username: String,
    pub email: String,
    pub password: Password,
}

/// Who signs in by password, unchecked.
#[derive(Debug)]
pub struct PasswordLogin<'a> {
    pub login: &'a str,
    pub password: Password,
    pub device: Option<SecretHash>,
    pub address: AddressKey,
}

impl AccountDesk {
    pub fn new(
        credentials: Arc<dyn Credentials>,
        passwords: Passwords,
        brute_force: BruteForce,
    ) -> AccountDesk {
        AccountDesk { credentials, passwords, brute_force }
    }

    pub fn brute_force(&self) -> &BruteForce {
        &self.brute_force
    }

    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Makes a new account, or makes one of a guest under the same id.
    ///
    /// # Errors
    /// `validation_failed`, `weak_password`, `username_taken`, `email_taken`, `conflict` when `guest` is none any more,
    /// `overloaded`, `unavailable`.
    pub async fn register(
        &self,
        applicant: Applicant,
        guest: Option<PlayerId>,
        now: SystemTime,
    ) -> Result<Player, Problem> {
        let new = registration(&self.passwords, applicant).await?;
        let Some(guest) = guest else {
            let made = self.credentials.register(PlayerId::new(), new, now).await;
            return made.map_err(|error| unavailable(&error))?.map_err(taken);
        };
        let made = self.credentials.register_guest(guest, new, now).await;
        made.map_err(|error| unavailable(&error))?.map_err(|unchanged| match unchanged {
            Unchanged::OtherKind => {
                Problem::new(ErrorCode::Conflict, "this player is an account already")
            }
            unchanged => refused(unchanged),
        })
    }

    /// The player who signs in as `login` with this password, from `address` and perhaps on a device that it has used
    /// before. Whether there is such a player shows neither in the answer nor in what it costs.
    ///
    /// # Errors
    /// `invalid_credentials`, also while the account is kept shut; `rate_limited`, `overloaded`, `unavailable`.
    pub async fn login(
        &self,
        PasswordLogin { login, password, device, address }: PasswordLogin<'_>,
        limits: &HttpLimits,
        now: SystemTime,
    ) -> Result<Player, Problem> {
        let named = names::login(login);
        let key = login_key(login, named.as_ref());
        let account = match named {
            Some(login) => self.credentials.by_login(login).await,
            None => Ok(None),
        };
        let account = account.map_err(|error| unavailable(&error))?;
        let id = account.as_ref().map(|account| account.player.id);
        let known = match device {
            Some(device) => self.brute_force.knows(id, device).await?.then_some(device),
            None => None,
        };
        // Told by an answer of its own: by what was given, which does not tell whose name and address go together.
        limits.password(Attempt::new(key, known, address).by.hash)?;
        let attempt = Attempt::new(id.map_or(key, account_key), known, address);
        let shut = self.brute_force.is_shut(attempt, now)?;
        let account = account.filter(|_| !shut);
        let Some(account) = self.checked(account, password).await? else {
            self.brute_force.failed(attempt, shut, now);
            return Err(invalid_credentials("no account has this name and this password"));
        };
        self.brute_force.succeeded(attempt);
        Ok(account.player)
    }

    /// The account, if the password is its own.
    async fn checked(
        &self,
        account: Option<Account>,
        password: Password,
    ) -> Result<Option<Account>, Problem> {
        let phc = account.as_ref().map(|account| account.phc.clone());
        let checked = self.passwords.check(password, phc).await?;
        let Some(mut account) = account.filter(|_| checked.right) else { return Ok(None) };
        if let Some(phc) = checked.rehashed {
            let (id, old) = (account.player.id, account.phc.clone());
            match self.credentials.rehash(id, old, phc.clone()).await {
                Ok(()) => account.phc = phc,
                // The old one is as good as before; the next sign-in tries again.
                Err(error) => {
                    tracing::warn!(%error, player = %id, "a password was not stored at its new cost");
                }
            }
        }
        Ok(Some(account))
    }

    /// Sets another password. Every other sign-in of the player ends; the caller's own goes on with new tokens.
    ///
    /// # Errors
    /// `invalid_credentials` when the present one is wrong, `forbidden` for guests, otherwise as for registering.
    pub async fn change_password(
        &self,
        sign_ins: &SignIns,
        player: &Player,
        sign_in: SignInId,
        (current, new): (Password, Password),
        now: SystemTime,
    ) -> Result<SignedIn, Problem> {
        let account = self.credentials.account(player.id).await;
        let account = account.map_err(|error| unavailable(&error))?;
        let account = account.ok_or_else(|| refused(Unchanged::OtherKind))?;
        let Some(account) = self.checked(Some(account), current).await? else {
            return Err(invalid_credentials("the present password is another")
                .at("/current_password", "invalid_credentials"));
        };
        let email = account.player.email.as_deref().unwrap_or_default();
        let phc = self.passwords.hash(new, about(&account.player.username, email)).await?;
        let phc = phc.map_err(|unfit| unfit_password("/new_password", unfit))?;
        let (token, new) = sign_ins.new_password(sign_in, account.phc, phc, now)?;
        let set = self.credentials.set_password(player.id, new, now).await;
        match set.map_err(|error| unavailable(&error))? {
            Some(player) => Ok(sign_ins.renewed(player, sign_in, token, now)?),
            None => Err(Problem::new(
                ErrorCode::Conflict,
                "the password or this sign-in has changed meanwhile",
            )),
        }
    }

    /// # Errors
    /// `validation_failed`, `username_taken`, `email_taken`, `forbidden` for guests, `unavailable`.
    pub async fn change(
        &self,
        player: PlayerId,
        username: Option<&str>,
        email: Option<&str>,
        now: SystemTime,
    ) -> Result<Player, Problem> {
        let mut errors = Vec::new();
        let username =
            username.and_then(|given| fit(names::username(given), "/username", &mut errors));
        let email = email.and_then(|given| fit(names::email(given), "/email", &mut errors));
        if !errors.is_empty() {
            return Err(Problem::invalid_members(errors));
        }
        let changed = self.credentials.change(player, Change { username, email }, now).await;
        changed.map_err(|error| unavailable(&error))?.map_err(refused)
    }

    /// Deletes the player for good, and gives it as it was. An account shows its password once more; a guest has none.
    ///
    /// # Errors
    /// `invalid_credentials`, `bad_request` when the password is missing, `conflict` when nobody else is an admin,
    /// `overloaded`, `unavailable`.
    pub async fn delete(
        &self,
        player: &Player,
        password: Option<Password>,
        now: SystemTime,
    ) -> Result<Player, Problem> {
        let account = self.credentials.account(player.id).await;
        let account = account.map_err(|error| unavailable(&error))?;
        if account.is_some() {
            let password = password
                .ok_or_else(|| Problem::bad_request("/password", "the password", "nothing"))?;
            if self.checked(account, password).await?.is_none() {
                return Err(invalid_credentials("the password is another")
                    .at("/password", "invalid_credentials"));
            }
        }
        let actor = AuditActor { kind: player.role.as_str().into(), player: Some(player.id) };
        let entry = AuditEntry::new(actor, "delete_account", AuditTarget::player(player.id), now);
        let deleted = self.credentials.delete(player.id, &entry).await;
        deleted.map_err(|error| unavailable(&error))?.map_err(|why| match why {
            NotDeleted::Gone => refused(Unchanged::Gone),
            NotDeleted::LastAdmin => Problem::new(ErrorCode::Conflict, why.to_string()),
        })
    }

    /// # Errors
    /// `unauthenticated` when the player has just gone, `unavailable`.
    pub async fn export(&self, player: PlayerId) -> Result<Export, Problem> {
        let export = self.credentials.export(player).await;
        export.map_err(|error| unavailable(&error))?.ok_or_else(|| refused(Unchanged::Gone))
    }
}

/// By what wrong passwords of an account are counted, whether its name or its address was given.
fn account_key(player: PlayerId) -> SecretHash {
    Sha256::digest(player.as_uuid().as_bytes()).into()
}

/// By what tries are counted where there may be no account: every spelling of it is the same.
fn login_key(given: &str, login: Option<&Login>) -> SecretHash {
    secret::hash(&match login {
        Some(Login::Username(username)) => username_key(username),
        Some(Login::Email(email)) => email_key(email),
        None => given.to_lowercase(),
    })
}

/// An applicant who is fit to be registered, with the password hashed.
///
/// # Errors
/// `validation_failed`, `weak_password`, `overloaded`.
pub async fn registration(
    passwords: &Passwords,
    Applicant { username, email, password }: Applicant,
) -> Result<Registration, Problem> {
    let (username, email) = named(&username, &email)?;
    let phc = passwords.hash(password, about(&username, &email)).await?;
    let phc = phc.map_err(|unfit| unfit_password("/password", unfit))?;
    Ok(Registration { username, email, phc })
}

/// Name and address as they are shown, or all that is wrong with both.
fn named(username: &str, email: &str) -> Result<(String, String), Problem> {
    let mut errors = Vec::new();
    let username = fit(names::username(username), "/username", &mut errors);
    let email = fit(names::email(email), "/email", &mut errors);
    username.zip(email).ok_or_else(|| Problem::invalid_members(errors))
}

fn fit(
    checked: Result<String, names::Unfit>,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    checked
        .map_err(|names::Unfit { code, detail }| {
            errors.push(FieldError::new(pointer, code, detail))
        })
        .ok()
}

/// What a password of theirs is not to be made of.
fn about(username: &str, email: &str) -> Vec<String> {
    let local = email.split('@').next().unwrap_or_default();
    vec![username.to_owned(), email.to_owned(), local.to_owned()]
}

fn unfit_password(pointer: &str, unfit: policy::Unfit) -> Problem {
    match unfit {
        policy::Unfit::Form { code, detail } => Problem::invalid(pointer, code, detail),
        policy::Unfit::Weak { code, detail } => {
            Problem::new(ErrorCode::WeakPassword, detail).at(pointer, code)
        }
    }
}

fn invalid_credentials(message: &str) -> Problem {
    WireError::new(ErrorCode::InvalidCredentials, message).into()
}

fn taken(taken: Taken) -> Problem {
    match taken {
        Taken::Username => {
            let detail = "another player has this username, or one that looks like it";
            Problem::new(ErrorCode::UsernameTaken, detail).at("/username", "username_taken")
        }
        Taken::Email => {
            let detail = "another player has this e-mail address";
            Problem::new(ErrorCode::EmailTaken, detail).at("/email", "email_taken")
        }
    }
}

fn refused(unchanged: Unchanged) -> Problem {
    match unchanged {
        Unchanged::Taken(by) => taken(by),
        Unchanged::OtherKind => Problem::new(
            ErrorCode::Forbidden,
            "a guest has nothing of this; POST /v1/auth/register makes it an account",
        ),
        Unchanged::Gone => {
            Problem::new(ErrorCode::Unauthenticated, "the token's player does not exist")
        }
    }
}
