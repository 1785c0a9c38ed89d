//! A request that somebody waits for. It carries all that an answer needs, so that it may wait in a queue, outlive
//! the actor that was to answer it, and be answered by the next one.

use std::sync::Arc;

use gamev1_protocol::{Reply, WireError};

use crate::{observe::SpanRef, session::SessionCell};

/// Who asked, under which id, for what.
#[derive(Clone)]
pub struct Ask {
    pub session: Arc<SessionCell>,
    pub id: Option<u64>,
    /// The request's `type`.
    pub request: &'static str,
    /// The span that it belongs to; of one that was not drawn this is nothing.
    pub traced: Option<Box<SpanRef>>,
}

impl Ask {
    pub fn reply(&self, reply: &Reply) {
        self.session.outbox.reply(self.id, reply);
    }

    pub fn refuse(&self, error: &WireError) {
        self.session.outbox.refuse(self.id, self.request, error);
    }
}
