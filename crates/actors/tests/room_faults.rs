//! Rooms whose game fails where it hurts most, and rooms that strangers knock at: nobody waits for ever, no seat and no
//! room is left behind.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, time::Duration};

use gamev1_actors::{
    ask::Ask,
    game::{Ctx, Game, Member, Refusal, Settings},
    protocol::{ErrorCode, Format, Raw, Seat},
    room::{RoomItem, recovery::Site},
    testing::RoomHarness,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

const SEATS: u16 = 4;

/// Panics in the methods that an input has named.
#[derive(Serialize, Deserialize)]
struct Frail {
    ticks: u64,
    seats: BTreeSet<Seat>,
    fuses: BTreeSet<String>,
}

impl Frail {
    fn fuse(&self, method: &str) {
        assert!(!self.fuses.contains(method), "a bug in {method}");
    }
}

impl Game for Frail {
    const NAME: &'static str = "frail";
    type Options = ();
    type Input = String;
    type View = Value;
    type Event = Value;

    fn settings((): &()) -> Settings {
        Settings {
            tick_hz: 20,
            patch_hz: 20,
            seats_max: SEATS,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new((): (), _: &mut Ctx<'_, Value>) -> Result<Frail, Refusal> {
        Ok(Frail { ticks: 0, seats: BTreeSet::new(), fuses: BTreeSet::new() })
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        if member.username == "nobody" {
            return Err(Refusal::new("no_name", "nobody plays here"));
        }
        self.seats.insert(member.seat);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.fuse("leave");
        self.seats.remove(&seat);
    }

    fn input(&mut self, _: Seat, fuse: String, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        if fuse == "end" {
            ctx.end(Some(json!("over")));
        }
        self.fuses.insert(fuse);
        Ok(())
    }

    fn tick(&mut self, _: &mut Ctx<'_, Value>) {
        self.ticks += 1;
    }

    fn view(&self) -> Value {
        json!({ "seats": self.seats, "ticks": self.ticks })
    }

    fn result(&self, _: Seat) -> Option<Value> {
        self.fuse("result");
        None
    }

    fn forget(&mut self, seat: Seat) {
        self.fuse("forget");
        self.seats.remove(&seat);
    }
}

async fn room() -> RoomHarness {
    RoomHarness::new::<Frail>(json!({}), 1).await
}

#[tokio::test(start_paused = true)]
async fn an_empty_room_ends_after_a_minute_whoever_knocks_at_it() {
    let room = room().await;
    let alice = room.join("alice").await.unwrap();
    room.leave(&alice);
    let stranger = room.session("nobody", Format::Json);
    for n in 0..3_100 {
        let session = stranger.clone();
        // Now and then a join that the game refuses, always an input from outside. A closed room takes neither.
        let item = if n % 10 == 0 {
            let ask = Ask { session, id: Some(n), request: "room.join", traced: None };
            room.room.inbox.push(RoomItem::Join { ask, reserved: false })
        } else {
            let ask = Ask { session, id: None, request: "room.input", traced: None };
            let input = Raw::json(&json!("")).unwrap();
            room.room.inbox.push_quiet(RoomItem::Input { ask, seq: 1, input })
        };
        drop(item);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(room.vault.counts().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_what_a_room_dies_of_is_answered_also_the_last_one() {
    let room = room().await;
    let mut codes = Vec::new();
    room.crash(Site::Join, u32::MAX);
    for n in 0..12 {
        let refused = room.join(&format!("member {n}")).await.err().unwrap();
        codes.push(refused.code);
        if refused.code != ErrorCode::Internal {
            break;
        }
        // Old enough not to be held back, so that the budget of ten in ten seconds is spent.
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(codes[..10], [ErrorCode::Internal; 10]);
    assert_eq!(codes[10..], [ErrorCode::RoomClosed]);
    assert_eq!(room.vault.counts().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_a_restore_does_not_lose_the_answer_to_what_the_room_had_died_of() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.advance(250).await;
    alice.reach(250).await;
    room.crash_next(Site::Restore);
    room.crash_next(Site::Join);
    assert_eq!(room.join("bob").await.err().unwrap().code, ErrorCode::Internal);
    alice.expect("room.recovered").await;
    assert_eq!(room.join("carol").await.unwrap().seat(), Seat(1));
}

#[tokio::test(start_paused = true)]
async fn a_member_whose_leave_and_forget_both_panic_is_gone_all_the_same() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    room.input(&mut alice, &json!("leave"));
    room.input(&mut alice, &json!("forget"));
    room.advance(1).await;

    room.leave(&bob);

    assert_eq!(alice.expect("room.left").await["seat"], 1);
    let mut heard = bob.recv().await;
    while heard["id"] != 2 {
        heard = bob.recv().await;
    }
    assert_eq!(heard["data"], json!({}), "{heard}");
    assert_eq!(room.room.info().players, 1);
    let tick = alice.tick;
    alice.reach(tick + 3).await;
    assert_eq!(room.vault.counts().rooms, 1);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_panics_costs_the_result_alone() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    room.input(&mut alice, &json!("result"));
    room.input(&mut alice, &json!("end"));
    for member in [&mut alice, &mut bob] {
        assert_eq!(member.expect("room.ended").await["result"], "over");
        assert_eq!(member.expect("room.closed").await["reason"], "ended");
    }
    assert_eq!(room.vault.counts().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_was_slow_when_the_room_went_back_begins_with_a_snapshot_of_the_new_life() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut slow = room.join("slow").await.unwrap();
    // A checkpoint is made at tick 100; the slow one reads no further than the tick behind it.
    room.advance(101).await;
    assert_eq!(slow.reach(101).await["ticks"], 101);
    alice.reach(101).await;
    room.advance(2).await;
    room.crash_next(Site::View);
    let lost = alice.expect("room.recovered").await;
    assert_eq!(lost["tick"], 100);
    let (epoch, ticks) = (slow.epoch, alice.tick + 5);

    room.advance(10).await;

    alice.reach(ticks).await;
    slow.until(|view| view["ticks"].as_u64() >= Some(ticks)).await;
    assert_eq!(slow.epoch, epoch + 1);
    slow.reach(alice.tick).await;
    assert_eq!((slow.tick, &slow.view), (alice.tick, &alice.view));
}

#[tokio::test(start_paused = true)]
async fn after_joins_of_every_kind_as_many_seats_may_be_set_aside_as_are_free() {
    let room = room().await;
    let alice = room.join("alice").await.unwrap();
    room.join_with(alice.session.clone()).await.err().unwrap();
    room.join("bob").await.unwrap();
    room.join("nobody").await.err().unwrap();
    let newer = room.session_of(alice.session.player(), "alice", Format::MsgPack);
    let mut moved = room.join_with(newer).await.unwrap();
    room.crash_next(Site::Join);
    room.join("carol").await.err().unwrap();
    let dave = room.join("dave").await.unwrap();
    room.crash_next(Site::Leave);
    room.leave(&dave);
    moved.expect("room.left").await;
    assert_eq!(room.room.info().players, 2);

    let set_aside = (0..100).filter(|_| room.room.reserve()).count();

    assert_eq!(set_aside, usize::from(SEATS) - 2);
    assert_eq!(room.join("erin").await.err().unwrap().code, ErrorCode::RoomFull);
}
