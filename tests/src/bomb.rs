//! A game for tests only: members add to their own number, and whoever sends `{"boom": …}` makes the game panic there.

mod next;

use std::collections::BTreeSet;

use gamev1_actors::game::{Ctx, Game, Map, Member, Refusal, Settings};
use gamev1_protocol::Seat;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

pub use self::next::BombNext;

/// Bombs with a fuse that have gone off in this process. Not part of the state: a replay must not light them again,
/// as it would not meet a bug again that depended on something outside of the game.
static GONE_OFF: std::sync::Mutex<BTreeSet<String>> = std::sync::Mutex::new(BTreeSet::new());

/// Where the game panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Site {
    Input,
    Tick,
    View,
    Join,
    Leave,
    Checkpoint,
    /// In a tick, and not a panic: a loop without an end.
    Loop,
}

/// A bomb that waits for the game to come by.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Charge {
    site: Site,
    /// A bomb with a fuse goes off once in the life of the process, one without whenever it is met.
    fuse: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Bomb {
    sums: Map<Seat, i64>,
    /// Steps made: equal to the room's tick unless one was lost or made twice.
    beats: u64,
    doomed: bool,
    /// Whether a later version goes on with it.
    #[serde(default)]
    migrates: bool,
    charge: Option<Charge>,
    #[serde(serialize_with = "blow_in_checkpoint", default)]
    in_checkpoint: Option<Charge>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Panics in every tick from the third on.
    #[serde(default)]
    doomed: bool,
    #[serde(default)]
    migrates: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[serde(default)]
    add: i64,
    /// Told to all members as `room.event`.
    #[serde(default)]
    event: Option<Value>,
    /// Ends the game with this result.
    #[serde(default)]
    end: Option<Value>,
    #[serde(default)]
    boom: Option<Site>,
    #[serde(default)]
    fuse: Option<String>,
    /// Makes the input long, so that a checkpoint falls due.
    #[serde(default, rename = "pad")]
    _pad: String,
}

impl Charge {
    #[expect(clippy::panic, reason = "that is what it is for")]
    fn meet(&self, site: Site) {
        let goes_off = || match &self.fuse {
            Some(fuse) => GONE_OFF.lock().is_ok_and(|mut gone_off| gone_off.insert(fuse.clone())),
            None => true,
        };
        if self.site == site && goes_off() {
            if site == Site::Loop {
                loop {
                    std::hint::spin_loop();
                }
            }
            panic!("boom in {site:?}");
        }
    }
}

impl Bomb {
    fn at(&self, site: Site) {
        if let Some(charge) = &self.charge {
            charge.meet(site);
        }
    }
}

/// A charge for the checkpoint stands in a field of its own, because the game's code does not run otherwise.
fn blow_in_checkpoint<S: Serializer>(
    charge: &Option<Charge>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match charge {
        None => serializer.serialize_none(),
        Some(charge) => {
            charge.meet(Site::Checkpoint);
            serializer.serialize_some(charge)
        }
    }
}

impl Game for Bomb {
    const NAME: &'static str = "bomb";
    type Options = Options;
    type Input = Input;
    type View = Value;
    type Event = Value;

    fn settings(_: &Options) -> Settings {
        Settings {
            tick_hz: 20,
            patch_hz: 20,
            seats_max: 8,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new(options: Options, _: &mut Ctx<'_, Value>) -> Result<Bomb, Refusal> {
        let Options { doomed, migrates } = options;
        let (sums, charge, in_checkpoint) = (Map::new(), None, None);
        Ok(Bomb { sums, beats: 0, doomed, migrates, charge, in_checkpoint })
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        self.at(Site::Join);
        self.sums.insert(member.seat, 0);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.at(Site::Leave);
        self.sums.remove(&seat);
    }

    fn input(&mut self, seat: Seat, input: Input, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        let Input { add, event, end, boom, fuse, .. } = input;
        if add < 0 {
            return Err(Refusal::new("negative", "only what adds is taken"));
        }
        if let Some(site) = boom {
            let charge = Charge { site, fuse };
            charge.meet(Site::Input);
            let place = match site {
                Site::Checkpoint => &mut self.in_checkpoint,
                _ => &mut self.charge,
            };
            *place = Some(charge);
        }
        if let Some(event) = event {
            ctx.event(event);
        }
        if end.is_some() {
            ctx.end(end);
        }
        *self.sums.entry(seat).or_default() += add;
        Ok(())
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn tick(&mut self, _: &mut Ctx<'_, Value>) {
        self.at(Site::Tick);
        self.at(Site::Loop);
        self.beats += 1;
        if self.doomed && self.beats > 2 {
            panic!("doomed");
        }
    }

    fn view(&self) -> Value {
        self.at(Site::View);
        let sums: Map<_, _> = self.sums.iter().map(|(seat, sum)| (seat.to_string(), sum)).collect();
        json!({ "sums": sums, "beats": self.beats })
    }

    fn forget(&mut self, seat: Seat) {
        self.sums.remove(&seat);
    }
}
