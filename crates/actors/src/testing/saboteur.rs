//! A game that panics on order, around one that does not.

use std::{collections::HashMap, sync::Arc};

use gamev1_protocol::{
    Seat, WireError,
    view::{Built, ViewError},
};
use parking_lot::Mutex;
use serde_json::{Map, Value};

use crate::{
    game::{AnyGame, GameError, GameType, Member, Play, RawInput, Refusal, Settings},
    room::recovery::Site,
};

/// How many of the next calls at each site are to panic, and how often the making of one tick is.
#[derive(Clone, Default)]
pub struct Boom {
    sites: Arc<Mutex<HashMap<&'static str, u32>>>,
    tick: Arc<Mutex<(u64, u32)>>,
}

impl Boom {
    pub fn arm(&self, site: Site, times: u32) {
        self.sites.lock().insert(name(site), times);
    }

    /// A bug that shows at tick `tick` alone, so that a replay of earlier ones passes.
    pub fn arm_tick(&self, tick: u64, times: u32) {
        *self.tick.lock() = (tick, times);
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn at_tick(&self, tick: u64) {
        self.at(Site::Tick);
        let mut armed = self.tick.lock();
        if armed.0 == tick && armed.1 > 0 {
            armed.1 -= 1;
            drop(armed);
            panic!("sabotaged tick {tick}");
        }
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn at(&self, site: Site) {
        let mut armed = self.sites.lock();
        if let Some(left) = armed.get_mut(name(site)).filter(|left| **left > 0) {
            *left -= 1;
            drop(armed);
            panic!("sabotaged {}", name(site));
        }
    }
}

fn name(site: Site) -> &'static str {
    match site {
        Site::Own => "own",
        Site::Order => "order",
        Site::Create => "create",
        Site::Join => "join",
        Site::Leave => "leave",
        Site::Input => "input",
        Site::Tick => "tick",
        Site::View => "view",
        Site::Checkpoint => "checkpoint",
        Site::Restore => "restore",
    }
}

pub(super) struct Sabotaged {
    pub(super) plain: Arc<dyn GameType>,
    pub(super) boom: Boom,
}

impl GameType for Sabotaged {
    fn name(&self) -> &'static str {
        self.plain.name()
    }

    fn state_version(&self) -> u32 {
        self.plain.state_version()
    }

    fn settings(&self, options: &Map<String, Value>) -> Result<Settings, WireError> {
        self.plain.settings(options)
    }

    fn create(
        &self,
        options: &Map<String, Value>,
        play: Play<'_>,
    ) -> Result<Box<dyn AnyGame>, WireError> {
        self.boom.at(Site::Create);
        let game = self.plain.create(options, play)?;
        Ok(Box::new(Mined { game, boom: self.boom.clone() }))
    }

    fn restore(&self, version: u32, bytes: &[u8]) -> Result<Box<dyn AnyGame>, String> {
        self.boom.at(Site::Restore);
        let game = self.plain.restore(version, bytes)?;
        Ok(Box::new(Mined { game, boom: self.boom.clone() }))
    }
}

struct Mined {
    game: Box<dyn AnyGame>,
    boom: Boom,
}

impl AnyGame for Mined {
    fn join(&mut self, member: &Member, play: Play<'_>) -> Result<(), Refusal> {
        self.boom.at(Site::Join);
        self.game.join(member, play)
    }

    fn leave(&mut self, seat: Seat, play: Play<'_>) {
        self.boom.at(Site::Leave);
        self.game.leave(seat, play);
    }

    fn input(&mut self, input: &RawInput, play: Play<'_>) -> Result<(), GameError> {
        self.boom.at(Site::Input);
        self.game.input(input, play)
    }

    fn tick(&mut self, play: Play<'_>) {
        self.boom.at_tick(play.tick);
        self.game.tick(play);
    }

    fn view(&self) -> Result<Built, ViewError> {
        self.boom.at(Site::View);
        self.game.view()
    }

    fn result(&self, seat: Seat) -> Option<Value> {
        self.game.result(seat)
    }

    fn forget(&mut self, seat: Seat) {
        self.game.forget(seat);
    }

    fn checkpoint(&self) -> Result<Vec<u8>, String> {
        self.boom.at(Site::Checkpoint);
        self.game.checkpoint()
    }
}
