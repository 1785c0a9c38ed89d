//! Bringing every member to the present view: one encode a format and base, one queue push a member.

use bytes::Bytes;
use gamev1_protocol::{Format, limits::STATE_FRAME_BYTES_MAX};

use super::{Fault, Running, recovery::Site, views::Step};
use crate::outbox::StateFrame;

/// One frame in each format that is asked for.
#[derive(Default)]
pub(super) struct PerFormat {
    json: Option<Bytes>,
    msgpack: Option<Bytes>,
}

impl PerFormat {
    pub(super) fn get(&mut self, format: Format, encode: impl FnOnce(Format) -> Bytes) -> Bytes {
        self.slot(format).get_or_insert_with(|| encode(format)).clone()
    }

    pub(super) fn try_get<E>(
        &mut self,
        format: Format,
        encode: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        let slot = self.slot(format);
        match slot {
            Some(frame) => Ok(frame.clone()),
            None => Ok(slot.insert(encode()?).clone()),
        }
    }

    fn slot(&mut self, format: Format) -> &mut Option<Bytes> {
        match format {
            Format::Json => &mut self.json,
            Format::MsgPack => &mut self.msgpack,
        }
    }
}

impl Running {
    /// Sends the state, when this tick is one of the patch rate.
    pub(super) fn patch(&mut self) -> Result<(), Fault> {
        let Some(room) = &self.room else { return Ok(()) };
        let settings = &self.cell.spec.settings;
        if !settings.stateful {
            return Ok(());
        }
        let tick = room.tick_number();
        let every =
            u64::from(settings.tick_hz / settings.patch_hz.clamp(1, settings.tick_hz.max(1)));
        if !tick.is_multiple_of(every.max(1)) || self.chairs.is_empty() {
            return Ok(());
        }
        self.at(Site::View);
        let built = room.view().map_err(|error| Fault(error.to_string()))?;
        self.at(Site::Own);
        if built.not_finite > 0 && self.vault.limits.dev {
            let message = format!("{} numbers of the view are not finite", built.not_finite);
            tracing::error!(room = %self.cell.id, tick, message);
        }
        self.views.observe(tick, built.view);
        self.send_states();
        Ok(())
    }

    fn send_states(&mut self) {
        let (Some(room), Some(tick)) = (&self.room, self.views.tick()) else { return };
        let (of, n) = (self.cell.state_of(), self.cell.n);
        let (views, told_too_large) = (&mut self.views, &mut self.told_too_large);
        for (seat, chair) in &mut self.chairs {
            let outbox = &chair.seated.session.outbox;
            let (holds, ack_sent) = (&mut chair.holds, &mut chair.ack_sent);
            let read = outbox.replace_state(n, |unsent| {
                if let Some(unsent) = unsent {
                    // It never left: the member still holds what that frame would have changed.
                    (*holds, *ack_sent) = (unsent.base, None);
                }
                let ack = room.sitting(*seat).map_or(0, |sitting| sitting.ack);
                let ack_moved = *ack_sent != Some(ack);
                let step = views.step(of, outbox.format(), *holds, ack_moved);
                let Step::Frame { tail, base } = step else { return None };
                if tail.frame_bytes_max() > STATE_FRAME_BYTES_MAX {
                    if !std::mem::replace(told_too_large, true) {
                        let bytes = tail.frame_bytes_max();
                        tracing::error!(room = %of.room, bytes, "the state is too large to send");
                    }
                    return None;
                }
                (*holds, *ack_sent) = (Some(tick), Some(ack));
                Some(StateFrame { ack, tail, tick, base })
            });
            if !read {
                // Without a socket nobody holds anything: whoever comes back begins with a snapshot.
                (chair.holds, chair.ack_sent) = (None, None);
            }
        }
    }
}
