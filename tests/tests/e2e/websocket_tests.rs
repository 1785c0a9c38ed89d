//! The socket: how it is opened, what comes over it in which order, how it ends and how one comes back.

mod lines;
mod opening;
mod order;
mod origins;
mod resume;
mod resume_refused;
mod state;

use e2e::{
    client::{Client, Dial, Format},
    server::{Server, Setup, Stop},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::with_bomb;

/// Two members of one room of that game, in the two formats.
async fn pair(server: &Server, game: &str) -> (Client, Client, String) {
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create(game).await;
    bob.join(&room).await;
    ada.push("room.joined").await;
    (ada, bob, room)
}
