//! The presence actor: which players are online, told as joins and leaves. The rules are in [`state`].

pub mod state;

use std::sync::Arc;

use gamev1_protocol::PlayerId;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use self::state::Online;
use crate::{
    panics,
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    vault::Vault,
};

/// What presence is called in the registry, and its messages.
pub const KIND: Kind = Kind::new("presence", &["online", "offline", "crash"]);

pub struct PresenceActor;

#[derive(Debug)]
pub enum PresenceMsg {
    /// The player's first socket opened.
    Online(PlayerId),
    /// The player's last socket closed.
    Offline(PlayerId),
    /// Panics, on order.
    Crash,
}

pub struct Register {
    online: Online,
    meta: Arc<ActorMeta>,
}

impl Actor for PresenceActor {
    type Msg = PresenceMsg;
    type State = Register;
    type Arguments = (Arc<Vault>, Readiness, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<PresenceMsg>,
        (vault, readiness, meta): Self::Arguments,
    ) -> Result<Register, ActorProcessingErr> {
        // First the address, then the look: what changes in between is told twice, not never.
        vault.presence.set(myself.clone());
        meta.crash_with(move || drop(myself.cast(PresenceMsg::Crash)));
        let online = vault.players_online().into_iter().collect();
        readiness.set_ready("presence");
        Ok(Register { online, meta })
    }

    async fn handle(
        &self,
        _: ActorRef<PresenceMsg>,
        msg: PresenceMsg,
        register: &mut Register,
    ) -> Result<(), ActorProcessingErr> {
        let Register { online, meta } = register;
        let change = match msg {
            PresenceMsg::Online(player) => {
                meta.begin(0);
                online.join(player)
            }
            PresenceMsg::Offline(player) => {
                meta.begin(1);
                online.leave(player)
            }
            PresenceMsg::Crash => {
                meta.begin(2);
                panics::on_order();
                None
            }
        };
        if let Some(change) = change {
            tracing::debug!(?change, online = online.len(), "presence");
        }
        meta.end();
        Ok(())
    }
}
