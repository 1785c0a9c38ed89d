//! The commands that do one thing and end.

use std::{
    io::BufRead,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::audit::{AuditActor, AuditEntry, AuditTarget};
use gamev1_persistence::{
    Database,
    accounts::{NewPlayer, Player, Role},
    database,
};
use gamev1_protocol::PlayerId;

use super::{Exit, complain, runtime, say};
use crate::{
    auth::{
        account_desk::{self, Applicant},
        keys::{Keys, Rotated},
        passwords::{Cost, Password, Passwords},
        secret,
        sign_in::SignIns,
        token::Tokens,
    },
    config::{self, Config, command},
    logs,
    time::rfc3339,
};

/// The time of a token is bounded by that of a sign-in.
const TTL_MAX: Duration = Duration::from_secs(90 * 24 * 3_600);
const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 1..=64;

/// Of a password that is made here: nobody guesses it.
const PASSWORD_BYTES: usize = 18;
const PASSWORD_LINE_BYTES_MAX: u64 = 4_096;

/// Why a command did not do it.
pub(super) struct Failure {
    exit: Exit,
    why: String,
}

pub(super) fn refused(why: impl ToString) -> Failure {
    Failure { exit: Exit::Refused, why: why.to_string() }
}

pub(super) fn failed(why: impl ToString) -> Failure {
    Failure { exit: Exit::Failed, why: why.to_string() }
}

/// `gamev1 token`: prints an access token, and only that.
pub fn token(args: &command::Token) -> Exit {
    finish(&args.data, |config| async move {
        let ttl = args.ttl.0;
        if ttl.is_zero() || ttl > TTL_MAX {
            return Err(refused("--ttl: expected a time up to 90days"));
        }
        let name = &args.username;
        if !USERNAME_CHARS.contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(refused("--username: expected 1 to 64 characters, no control characters"));
        }
        let now = SystemTime::now();
        let keys = Keys::open(&config.data_dir, now).map_err(refused)?;
        let database = migrated(&config).await?;
        let player = player(&*database, name, args.role, now).await?;
        let sign_ins = SignIns::new(database.clone(), Arc::new(Tokens::new(keys)));
        let token = sign_ins.access_only(&player, ttl, now).await;
        database.close().await;
        token.map_err(|error| failed(error.message))
    })
}

/// `gamev1 keys rotate`: makes a key that takes over, and says what became of the others.
pub fn rotate_keys(args: &command::Rotate) -> Exit {
    finish(&args.data, |config| async move {
        if !Keys::are_in(&config.data_dir) {
            let dir = config.data_dir.display();
            return Err(refused(format!("there are no keys in {dir}: no server has run there")));
        }
        let rotated = Keys::rotate(&config.data_dir, SystemTime::now(), args.at_once);
        let Rotated { kid, signs_from, removed } = rotated.map_err(refused)?;
        let mut said = format!("{kid} signs from {}", rfc3339(signs_from));
        for kid in removed {
            said.push_str(&format!("\n{kid} was removed: what it has signed is refused"));
        }
        said.push_str("\nA running server reads its keys every 30 seconds, and on SIGHUP.");
        Ok(said)
    })
}

/// `gamev1 admin create`: prints the password that the admin begins with, unless it was given.
pub fn create_admin(args: &command::CreateAdmin) -> Exit {
    finish(&args.data, |config| async move {
        let (password, said) = match args.password_stdin {
            true => (first_line(std::io::stdin().lock()).map_err(failed)?, None),
            false => {
                let made = secret::text::<PASSWORD_BYTES>().map_err(failed)?;
                (made.clone(), Some(made))
            }
        };
        let database = migrated(&config).await?;
        let passwords = Passwords::new(Cost::DEFAULT).map_err(failed)?;
        let (username, email) = (args.username.clone(), args.email.clone());
        let applicant = Applicant { username, email, password: Password::new(password) };
        let new = account_desk::registration(&passwords, applicant).await;
        let new = new.map_err(|problem| refused(problem.detail()))?;
        let (id, now) = (PlayerId::new(), SystemTime::now());
        let target = AuditTarget::player(id);
        let entry = AuditEntry::new(AuditActor::COMMAND_LINE, "create_admin", target, now);
        let made = database.register_admin(id, new, &entry).await;
        database.close().await;
        let made = made.map_err(failed)?.map_err(refused)?;
        let Player { id, username, .. } = made;
        let password = said.map_or(String::new(), |password| format!("\npassword {password}"));
        Ok(format!("admin {username} {id}{password}"))
    })
}

/// The first line, without its end. Of more than any password has, the rest stays unread.
fn first_line(input: impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    input.take(PASSWORD_LINE_BYTES_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// `gamev1 migrate`: says what was applied.
pub fn migrate(args: &command::Data) -> Exit {
    finish(args, |config| async move {
        let database = open(&config).await?;
        let applied = database.migrate().await;
        database.close().await;
        match applied {
            Ok(applied) if applied.is_empty() => Ok("the database is up to date".to_owned()),
            Ok(applied) => Ok(format!("applied {}", applied.join(", "))),
            Err(error) if error.is_final() => Err(refused(error)),
            Err(error) => Err(failed(error)),
        }
    })
}

/// `gamev1 db backup`: copies the database as it is, beside a server that uses it.
pub fn backup(args: &command::Backup) -> Exit {
    finish(&args.data, |config| async move {
        // To open it would make it, and its empty copy would be taken for a backup.
        if !database::is_there(&config.data_dir, config.database_url.as_ref()) {
            return Err(refused(format!("there is no database in {}", config.data_dir.display())));
        }
        let database = open(&config).await?;
        let written = database.backup(&args.file).await;
        database.close().await;
        match written {
            Ok(()) => Ok(format!("{} is written", args.file.display())),
            Err(error) if error.is_final() => Err(refused(error)),
            Err(error) => Err(failed(error)),
        }
    })
}

/// Does what a command is for and tells how it ended.
pub(super) fn finish<F>(args: &command::Data, command: impl FnOnce(Config) -> F) -> Exit
where
    F: Future<Output = Result<String, Failure>>,
{
    let config = config::read_file(args.file.config.as_deref()).and_then(|file| {
        let config::settings::Settings { data_dir, database_url, .. } = args.settings().or(file);
        Config::resolve(config::settings::Settings { data_dir, database_url, ..Default::default() })
    });
    let done = match (config, runtime::small()) {
        (Ok(config), Ok(runtime)) => match logs::init("warn", true, None) {
            Ok(()) => runtime.block_on(command(config)),
            Err(error) => Err(refused(error)),
        },
        (Err(error), _) => Err(refused(error)),
        (_, Err(error)) => Err(failed(error)),
    };
    match done {
        Ok(said) => {
            say(said);
            Exit::Done
        }
        Err(Failure { exit, why }) => {
            complain(why);
            exit
        }
    }
}

async fn open(config: &Config) -> Result<Arc<dyn Database>, Failure> {
    database::open(&config.data_dir, config.database_url.as_ref()).await.map_err(refused)
}

async fn migrated(config: &Config) -> Result<Arc<dyn Database>, Failure> {
    let database = open(config).await?;
    match database.migrate().await {
        Ok(_) => Ok(database),
        Err(error) if error.is_final() => Err(refused(error)),
        Err(error) => Err(failed(error)),
    }
}

/// The player of that name with that role, made when there is none.
async fn player(
    database: &dyn Database,
    username: &str,
    role: Option<Role>,
    now: SystemTime,
) -> Result<Player, Failure> {
    let known = database.player_by_username(username).await.map_err(failed)?;
    let player = match known {
        Some(player) => player,
        None => {
            // Its role comes below, with an entry in the audit log.
            let (id, role) = (PlayerId::new(), Role::Player);
            let new = NewPlayer { id, username: username.into(), guest: false, role };
            database.create_player(new, now).await.map_err(failed)?.map_err(failed)?
        }
    };
    match role {
        Some(role) if role != player.role => {
            let target = AuditTarget::player(player.id);
            let entry = AuditEntry::new(AuditActor::COMMAND_LINE, "role", target, now);
            let changed = database.change_role(player.id, role, &entry).await.map_err(failed)?;
            changed.map_err(refused)
        }
        _ => Ok(player),
    }
}
