//! The command line.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand};
use gamev1_persistence::accounts::Role;

use super::settings::{Secret, Settings, Span};

#[derive(Debug, Parser)]
#[command(name = "gamev1", version, about = "A game server on the actor model")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server
    Serve(Box<Serve>),
    /// Prints an access token signed with the data directory's key, making the player when there is none
    Token(Token),
    /// Looks after the keys that access tokens are signed with
    #[command(subcommand)]
    Keys(Keys),
    /// Makes operators
    #[command(subcommand)]
    Admin(Admin),
    /// Brings the database up to date, and ends
    Migrate(Data),
    /// Looks after the database
    #[command(subcommand)]
    Db(Db),
    /// Runs a crash record to the same panic (exit code 3), or shows the room before it
    Replay(Replay),
    /// Reads supervision files
    #[command(subcommand)]
    Supervision(Supervision),
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Makes a key that signs two minutes from now; tokens of the present one are good to their end
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    pub data: Data,

    /// Removes every other key: all tokens are void, and the new one signs as soon as it is read
    #[arg(long)]
    pub at_once: bool,
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Makes an account that is an admin, and prints its password, which is shown this once
    Create(CreateAdmin),
}

#[derive(Debug, Args)]
pub struct CreateAdmin {
    #[command(flatten)]
    pub data: Data,

    /// What the admin is called
    #[arg(long, value_name = "NAME")]
    pub username: String,

    /// The admin's address
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,

    /// Takes the password from the first line of the standard input and prints none
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub enum Db {
    /// Copies the SQLite database into a new file, beside a server that uses it
    Backup(Backup),
    /// Writes everything that is stored into a new file that either engine takes in, beside servers that use it
    Export(Export),
    /// Puts everything from such a file into a database that is migrated and empty, and that no server uses
    Import(Import),
}

#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub data: Data,

    /// The copy, which must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    pub data: Data,

    /// The file, which must not be there yet. There are password hashes in it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    pub data: Data,

    /// What `export` wrote, with the same version of the program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Supervision {
    /// Says whether a supervision file is right, and if not, where
    Check {
        #[arg(value_name = "FILE")]
        path: PathBuf,
    },
    /// Prints the supervision tree as it takes effect, every number of it, as a file that `check` accepts
    Print {
        #[command(flatten)]
        file: ConfigFile,

        /// Numbers of the supervision tree [default: the file that is compiled in]
        #[arg(long, env = "GAMEV1_SUPERVISION", value_name = "FILE")]
        supervision: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub file: ConfigFile,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Args)]
pub struct ConfigFile {
    /// The file of settings [default: gamev1.toml, where there is one]
    #[arg(long, env = "GAMEV1_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Data {
    #[command(flatten)]
    pub file: ConfigFile,

    /// Database and signing keys [default: ./data]
    #[arg(long, env = "GAMEV1_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// A PostgreSQL database instead of SQLite in the data directory [default: none]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Secret>,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// A file of the data directory's `crashes`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Stops at the end of this tick and prints what members saw
    #[arg(long, value_name = "TICK")]
    pub until: Option<u64>,
}

#[derive(Debug, Args)]
pub struct Token {
    #[command(flatten)]
    pub data: Data,

    /// Whose token it is
    #[arg(long, value_name = "NAME")]
    pub username: String,

    /// Sets the player's role: player, moderator or admin
    #[arg(long, value_name = "ROLE", value_parser = Role::from_str)]
    pub role: Option<Role>,

    /// How long the token is good for
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub ttl: Span,
}

impl Data {
    pub fn settings(&self) -> Settings {
        let Data { data_dir, database_url, .. } = self;
        let (data_dir, database_url) = (data_dir.clone(), database_url.clone());
        Settings { data_dir, database_url, ..Settings::default() }
    }
}
