//! Where an actor that restarts is looked up: nobody keeps its address.

use parking_lot::RwLock;
use ractor::{ActorRef, Message};

/// The address of the present incarnation, if there is one.
pub struct Slot<M: Message>(RwLock<Option<ActorRef<M>>>);

impl<M: Message> Default for Slot<M> {
    fn default() -> Slot<M> {
        Slot(RwLock::new(None))
    }
}

impl<M: Message> Slot<M> {
    pub fn set(&self, actor: ActorRef<M>) {
        *self.0.write() = Some(actor);
    }

    /// Posts a message. Between two incarnations it is lost: each of them learns what it must know from the vault.
    pub fn cast(&self, msg: M) {
        if let Some(actor) = &*self.0.read() {
            let _ = actor.cast(msg);
        }
    }

    pub fn get(&self) -> Option<ActorRef<M>> {
        self.0.read().clone()
    }
}
