//! The presence actor: which players are online, told as joins and leaves. The rules are in [`state`].

pub mod state;

use std::sync::Arc;

use gamev1_protocol::PlayerId;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use self::state::Online;
use crate::{readiness::Readiness, vault::Vault};

pub struct PresenceActor;

#[derive(Debug)]
pub enum PresenceMsg {
    /// The player's first socket opened.
    Online(PlayerId),
    /// The player's last socket closed.
    Offline(PlayerId),
}

impl Actor for PresenceActor {
    type Msg = PresenceMsg;
    type State = Online;
    type Arguments = (Arc<Vault>, Readiness);

    async fn pre_start(
        &self,
        myself: ActorRef<PresenceMsg>,
        (vault, readiness): (Arc<Vault>, Readiness),
    ) -> Result<Online, ActorProcessingErr> {
        // First the address, then the look: what changes in between is told twice, not never.
        vault.presence.set(myself);
        let online = vault.players_online().into_iter().collect();
        readiness.set_ready("presence");
        Ok(online)
    }

    async fn handle(
        &self,
        _: ActorRef<PresenceMsg>,
        msg: PresenceMsg,
        online: &mut Online,
    ) -> Result<(), ActorProcessingErr> {
        let change = match msg {
            PresenceMsg::Online(player) => online.join(player),
            PresenceMsg::Offline(player) => online.leave(player),
        };
        if let Some(change) = change {
            tracing::debug!(?change, online = online.len(), "presence");
        }
        Ok(())
    }
}
