//! The recovery table row by row, and what the vault remembers of a room.

mod held;

use gamev1_protocol::{Raw, Seat};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    game::{Ctx, Game, GameRegistry, Member, RawInput, Refusal, Settings},
    room::state::Room,
};

/// A game that only has a time.
#[derive(Serialize, Deserialize)]
struct Clock;

impl Game for Clock {
    const NAME: &'static str = "clock";
    type Options = ();
    type Input = Value;
    type View = Value;
    type Event = Value;

    fn settings((): &()) -> Settings {
        let (seats_max, seats_per_player) = (8, 1);
        let (sends, stateful) = (false, true);
        Settings { tick_hz: 20, patch_hz: 20, seats_max, seats_per_player, sends, stateful }
    }

    fn new((): (), _: &mut Ctx<'_, Value>) -> Result<Clock, Refusal> {
        Ok(Clock)
    }

    fn join(&mut self, _: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        Ok(())
    }

    fn leave(&mut self, _: Seat, _: &mut Ctx<'_, Value>) {}

    fn input(&mut self, _: Seat, _: Value, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        Ok(())
    }

    fn view(&self) -> Value {
        json!({})
    }
}

const S: Duration = Duration::from_secs(1);

fn checkpoint(tick: u64) -> Checkpoint {
    let games = GameRegistry::new().with::<Clock>();
    let game = games.get("clock").unwrap();
    let settings = game.settings(&Map::new()).unwrap();
    let mut room = Room::create(&**game, &Map::new(), &settings, [7; 32]).unwrap();
    (0..tick).for_each(|_| room.tick());
    room.checkpoint(1).unwrap()
}

/// A room that has two checkpoints, at ticks 100 and 200, and has made 5 ticks since.
fn memory() -> Memory {
    let mut memory = Memory { started: true, ..Memory::default() };
    memory.keep(checkpoint(100));
    memory.keep(checkpoint(200));
    (0..5).for_each(|_| memory.log(Entry::Tick, false));
    memory
}

fn input(seat: u16, seq: u32) -> Entry {
    Entry::Input(raw_input(seat, seq, &json!(null)))
}

fn raw_input(seat: u16, seq: u32, input: &Value) -> RawInput {
    RawInput { seat: Seat(seat), seq, input: Raw::json(input).unwrap() }
}

/// Crashes at `site` when the room is `at` old, and makes of the log what the actor makes of it.
fn crash(memory: &mut Memory, site: Site, at: Duration) -> Way {
    (memory.site, memory.failed) = (site, true);
    come_back(memory, at)
}

fn come_back(memory: &mut Memory, at: Duration) -> Way {
    let site = memory.crashed();
    let way = memory.way_back(site, at);
    if matches!(way, Way::BackToNewest | Way::BackToOlder) {
        memory.go_back(way, 7, &[]);
        assert_eq!(memory.next_held(), Some(Entry::Reseed(7)));
        memory.done();
    }
    way
}

fn lost(memory: &mut Memory) -> (u64, u64) {
    let Lost { ticks, inputs } = memory.lost();
    memory.told_lost();
    (ticks, inputs)
}

fn newest(memory: &Memory) -> u64 {
    memory.newest().unwrap().tick
}

#[test]
fn a_crash_in_a_join_a_leave_or_an_input_replays_the_log_however_often() {
    let mut memory = memory();
    for site in [Site::Join, Site::Leave, Site::Input, Site::Input, Site::Join, Site::Leave] {
        assert_eq!(crash(&mut memory, site, S), Way::Replay, "{site:?}");
    }
    assert_eq!((newest(&memory), memory.tick()), (200, 205));
}

#[test]
fn a_tick_is_tried_once_more_and_the_second_panic_there_or_in_the_next_one_costs_the_log() {
    let mut memory = memory();
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::ReplayTick);
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::BackToNewest);

    let mut memory = self::memory();
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::ReplayTick);
    memory.log(Entry::Tick, false);
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::BackToNewest);

    let mut memory = self::memory();
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::ReplayTick);
    (0..2).for_each(|_| memory.log(Entry::Tick, false));
    assert_eq!(crash(&mut memory, Site::Tick, S), Way::ReplayTick);
}

#[test]
fn a_crash_in_a_view_or_a_checkpoint_goes_back_to_the_newest_one_without_the_log() {
    for site in [Site::View, Site::Checkpoint] {
        let mut memory = memory();
        assert_eq!(crash(&mut memory, site, S), Way::BackToNewest, "{site:?}");
        assert_eq!((newest(&memory), memory.tick()), (200, 200), "{site:?}");
    }
}

#[test]
fn the_rooms_own_code_is_replayed_once_and_costs_the_log_when_it_fails_again_soon() {
    let mut memory = memory();
    assert_eq!(crash(&mut memory, Site::Own, 10 * S), Way::Replay);
    assert_eq!(crash(&mut memory, Site::Own, 15 * S), Way::Replay);
    assert_eq!(crash(&mut memory, Site::Own, 19 * S), Way::BackToNewest);
}

#[test]
fn a_room_that_was_stopped_with_its_supervisor_replays_its_log_however_often() {
    let mut memory = memory();
    for site in [Site::Own, Site::Own, Site::View, Site::Tick] {
        memory.site = site;
        assert_eq!(come_back(&mut memory, 10 * S), Way::Replay, "{site:?}");
    }
    assert_eq!(crash(&mut memory, Site::Own, 10 * S), Way::Replay, "the first of its own");
}

#[test]
fn a_checkpoint_that_cannot_be_read_is_left_for_the_one_before_it() {
    let mut memory = memory();
    assert_eq!(crash(&mut memory, Site::Restore, S), Way::BackToOlder);
    assert_eq!((newest(&memory), memory.tick()), (100, 100));
    assert_eq!(crash(&mut memory, Site::Restore, 60 * S), Way::Quarantine);
}

#[test]
fn going_back_again_within_five_seconds_takes_the_older_checkpoint_and_then_there_is_no_way() {
    for (first, second) in [(Site::View, Site::Checkpoint), (Site::Checkpoint, Site::View)] {
        let mut memory = memory();
        assert_eq!(crash(&mut memory, first, 10 * S), Way::BackToNewest);
        assert_eq!(crash(&mut memory, second, 14 * S), Way::BackToOlder);
        assert_eq!(newest(&memory), 100);
        assert_eq!(crash(&mut memory, first, 18 * S), Way::Quarantine);
    }
}

#[test]
fn a_room_that_has_lived_for_five_seconds_may_go_back_to_the_same_checkpoint() {
    let mut memory = memory();
    for at in [10, 15, 20] {
        assert_eq!(crash(&mut memory, Site::View, at * S), Way::BackToNewest, "at {at} s");
    }
    assert_eq!(newest(&memory), 200);
}

#[test]
fn a_replay_is_no_going_back() {
    let mut memory = memory();
    assert_eq!(crash(&mut memory, Site::Input, 10 * S), Way::Replay);
    assert_eq!(crash(&mut memory, Site::Tick, 11 * S), Way::ReplayTick);
    assert_eq!(crash(&mut memory, Site::View, 12 * S), Way::BackToNewest);
    assert_eq!(crash(&mut memory, Site::Input, 13 * S), Way::Replay);
}

#[test]
fn going_back_makes_way_for_new_checkpoints() {
    let mut memory = memory();
    assert_eq!(crash(&mut memory, Site::View, 10 * S), Way::BackToNewest);
    memory.keep(checkpoint(300));
    assert_eq!(crash(&mut memory, Site::View, 12 * S), Way::BackToOlder);
    assert_eq!(newest(&memory), 200);
    memory.keep(checkpoint(250));
    assert_eq!(crash(&mut memory, Site::View, 14 * S), Way::BackToOlder);
    assert_eq!(newest(&memory), 200);
}

#[test]
fn without_a_checkpoint_there_is_no_way_back() {
    use Site::*;
    for site in [Own, Create, Join, Leave, Input, Tick, View, Checkpoint, Restore] {
        assert_eq!(crash(&mut Memory::default(), site, S), Way::Quarantine, "{site:?}");
    }
}

#[test]
fn a_room_is_fresh_until_it_has_begun_to_make_its_game() {
    let mut memory = Memory::default();
    assert!(memory.is_fresh());
    memory.site = Site::Create;
    assert!(!memory.is_fresh());
    memory.site = Site::Own;
    memory.started = true;
    assert!(!memory.is_fresh());
}

#[test]
fn the_second_crash_by_a_players_input_within_a_minute_bars_that_player_alone() {
    let (alice, bob) = (PlayerId::new(), PlayerId::new());
    let mut memory = Memory::default();
    assert!(!memory.charge(alice, 10 * S));
    assert!(!memory.charge(bob, 20 * S));
    assert!(!memory.charge(alice, 70 * S), "a minute later it is the first again");
    assert!(!memory.barred(alice));
    assert!(memory.charge(alice, 129 * S));
    assert!(memory.barred(alice) && !memory.barred(bob));
    assert!(!memory.charge(alice, 500 * S));
    assert!(memory.barred(alice), "for as long as the room lives");
}

#[test]
fn a_checkpoint_is_due_after_its_ticks_its_entries_or_its_bytes_whichever_is_first() {
    let mut memory = memory();
    assert!(!memory.due(200 + CHECKPOINT_TICKS - 1));
    assert!(memory.due(200 + CHECKPOINT_TICKS));

    (5..LOG_ENTRIES_MAX - 1).for_each(|_| memory.log(Entry::Tick, false));
    assert!(!memory.due(200));
    memory.log(Entry::Tick, false);
    assert!(memory.due(200));
    memory.keep(checkpoint(200));
    assert!(!memory.due(200));

    let large = Entry::Input(raw_input(0, 1, &json!("x".repeat(LOG_BYTES_MAX / 4))));
    (0..3).for_each(|_| memory.log(large.clone(), false));
    assert!(!memory.due(200));
    memory.log(large, false);
    assert!(memory.due(200));
    assert_eq!(crash(&mut memory, Site::View, S), Way::BackToNewest);
    assert!(!memory.due(200));
}

#[test]
fn what_is_lost_without_the_log_is_counted_in_ticks_and_in_inputs_that_the_game_had_taken() {
    let mut memory = memory();
    memory.log(input(0, 1), false);
    memory.log(Entry::Settle { seat: Seat(0), seq: 2 }, false);
    memory.log(input(0, 3), true);
    memory.log(input(0, 4), false);
    assert_eq!(crash(&mut memory, Site::View, S), Way::BackToNewest);
    assert_eq!(lost(&mut memory), (5, 2));
    assert_eq!(lost(&mut memory), (0, 0));
}

#[test]
fn the_older_checkpoint_costs_what_came_before_the_newer_one_too() {
    let mut memory = Memory { started: true, ..Memory::default() };
    memory.keep(checkpoint(100));
    (0..100).for_each(|_| memory.log(Entry::Tick, false));
    memory.log(input(0, 1), false);
    memory.log(input(0, 2), true);
    memory.keep(checkpoint(200));
    memory.log(input(0, 3), false);
    assert_eq!(crash(&mut memory, Site::Restore, S), Way::BackToOlder);
    assert_eq!(lost(&mut memory), (100, 2));
}

#[test]
fn what_a_recovery_that_failed_itself_has_lost_is_told_by_the_next_one() {
    let mut memory = memory();
    memory.log(input(0, 1), false);
    assert_eq!(crash(&mut memory, Site::Checkpoint, S), Way::BackToNewest);
    assert_eq!(crash(&mut memory, Site::Restore, S), Way::BackToOlder);
    assert_eq!(lost(&mut memory), (105, 1));
}

#[test]
fn inputs_that_were_refused_before_a_restart_are_not_lost_after_it() {
    let log = vec![input(0, 1), input(0, 2), Entry::Tick];
    let saved = |refused| Saved {
        newest: Some(checkpoint(100)),
        log: log.clone(),
        refused,
        held: Vec::new(),
        tick_again: false,
        barred: Vec::new(),
    };
    for (refused, inputs) in [(vec![], 2), (vec![0], 1), (vec![1, 0, 9], 0)] {
        let mut memory = Memory::restored(saved(refused));
        assert_eq!(come_back(&mut memory, S), Way::Replay);
        assert_eq!(memory.refused().len() as u64, 2 - inputs);
        assert_eq!(crash(&mut memory, Site::View, S), Way::BackToNewest);
        assert_eq!(lost(&mut memory), (1, inputs));
    }
}
