//! What goes wrong: bad input of every kind gets the error that the protocol names and harms nobody else; a game that
//! panics costs what it must and no more.

mod crashes;
mod dev_mode;
mod frames;
mod hangs;
mod http;
mod inputs;
mod poison;
mod rates;
mod records;
mod requests;

use e2e::{
    client::{Client, Format},
    server::{Server, Setup},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::with_bomb;

/// Players who do nothing wrong. Whatever another one does, their sockets stay, and their room misses no tick.
struct Bystanders {
    ada: Client,
    bob: Client,
    room: String,
    seq: u64,
    before: (u64, u64),
}

impl Bystanders {
    async fn in_a_room(server: &Server) -> Bystanders {
        let mut ada = server.connect(Format::Json).await;
        let mut bob = server.connect(Format::MsgPack).await;
        let room = ada.create("bomb").await;
        bob.join(&room).await;
        let view = ada.view(&room, "a state", |_| true).await;
        bob.view(&room, "a state", |_| true).await;
        Bystanders { ada, bob, room, seq: 0, before: (view.epoch, view.snapshots) }
    }

    /// Both play on, in the same life of the room, without a gap: its steps are as many as its ticks, and no state
    /// but deltas has come since.
    async fn notice_nothing(&mut self) {
        self.seq += 1;
        let Bystanders { ada, bob, room, seq, before } = self;
        ada.input(room, *seq, json!({ "add": 1 })).await;
        ada.settled(room, *seq).await;
        let sum = json!(*seq);
        for client in [&mut *ada, &mut *bob] {
            let view =
                client.view(room, "the input", |view| view.at("/sums/0") == Some(&sum)).await;
            assert_eq!((view.epoch, view.snapshots), *before, "the room has been disturbed");
            assert_eq!(view.at("/beats"), Some(&json!(view.tick)), "a tick was lost or made twice");
            client.alive().await;
            for kind in
                ["room.left", "room.recovered", "room.closed", "room.input_rejected", "error"]
            {
                assert!(!client.has_push(kind), "{kind}");
            }
        }
    }
}
