//! The whole path: HTTP, rooms, two players in one game, and a server that stops and starts.

mod health;
mod play;
mod restarts;
mod rooms;
mod stopping;
mod supervision_file;
mod telemetry;

use e2e::{
    client::{Client, Format},
    http::Player,
    server::{Server, Setup, Stop},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::with_bomb;
