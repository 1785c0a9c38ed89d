//! A game that does not keep the rules is found out, and told what differs.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};

use gamev1_actors::{
    game::{Ctx, Game, Map, Member, Refusal, Settings},
    protocol::Seat,
    testing::RoomHarness,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something outside of every game, as a clock or a cache would be.
static OUTSIDE: AtomicU32 = AtomicU32::new(0);

#[derive(Serialize, Deserialize)]
struct Dice {
    honest: bool,
    thrown: Thrown,
}

#[derive(Serialize, Deserialize)]
struct Thrown {
    last: u32,
    ticks: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    honest: bool,
}

impl Game for Dice {
    const NAME: &'static str = "dice";
    type Options = Options;
    type Input = Value;
    type View = Map<String, u32>;
    type Event = ();

    fn settings(_: &Options) -> Settings {
        Settings {
            tick_hz: 20,
            patch_hz: 20,
            seats_max: 4,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new(Options { honest }: Options, _: &mut Ctx<'_, ()>) -> Result<Dice, Refusal> {
        Ok(Dice { honest, thrown: Thrown { last: 0, ticks: 0 } })
    }

    fn join(&mut self, _: &Member, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        Ok(())
    }

    fn leave(&mut self, _: Seat, _: &mut Ctx<'_, ()>) {}

    fn input(&mut self, _: Seat, _: Value, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        Ok(())
    }

    fn tick(&mut self, ctx: &mut Ctx<'_, ()>) {
        use gamev1_actors::rand_chacha::rand_core::Rng;
        self.thrown.ticks += 1;
        self.thrown.last = match self.honest {
            true => ctx.rng().next_u32(),
            false => OUTSIDE.fetch_add(1, Ordering::Relaxed),
        };
    }

    fn view(&self) -> Map<String, u32> {
        Map::from([("last".to_owned(), self.thrown.last)])
    }
}

#[tokio::test(start_paused = true)]
async fn a_game_that_looks_outside_is_told_which_field_differs() {
    let mut harness = RoomHarness::new::<Dice>(json!({}), 1).await;
    harness.expect_replay_differences();
    let mut ada = harness.join("ada").await.unwrap();
    ada.reach(250).await;

    let differences = harness.replay_differences();

    assert!(!differences.is_empty());
    let first = &differences[0];
    assert!(first.starts_with("game_not_deterministic: dice /thrown/last: "), "{first}");
    assert!(first.contains("in the room") && first.contains("in its replay"), "{first}");
}

#[tokio::test(start_paused = true)]
async fn a_game_that_draws_from_its_room_replays_exactly() {
    let harness = RoomHarness::new::<Dice>(json!({ "honest": true }), 1).await;
    let mut ada = harness.join("ada").await.unwrap();
    ada.reach(250).await;
    assert_eq!(harness.replay_differences(), [""; 0]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "game_not_deterministic")]
async fn the_harness_fails_the_test_of_such_a_game() {
    let harness = RoomHarness::new::<Dice>(json!({}), 1).await;
    let mut ada = harness.join("ada").await.unwrap();
    ada.reach(250).await;
    drop(harness);
}
