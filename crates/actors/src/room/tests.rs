//! The room as a process: what its members see, and what a crash leaves of it.

use std::collections::BTreeMap;

use gamev1_protocol::{ErrorCode, Format, Seat};
use rand_chacha::rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::recovery::Site;
use crate::{
    game::{Ctx, Game, Member, Refusal, Settings},
    testing::RoomHarness,
};

/// Each member has a number that inputs add to; each tick adds a random one to the room's own.
#[derive(Serialize, Deserialize)]
struct Counter {
    sums: BTreeMap<Seat, i64>,
    drawn: u64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    timeless: bool,
}

#[derive(Deserialize)]
struct Add {
    add: i64,
}

impl Game for Counter {
    const NAME: &'static str = "counter";
    type Options = Options;
    type Input = Add;
    type View = Value;
    type Event = Value;

    fn settings(options: &Options) -> Settings {
        let hz = if options.timeless { 0 } else { 20 };
        Settings {
            tick_hz: hz,
            patch_hz: hz,
            seats_max: 3,
            seats_per_player: 1,
            sends: true,
            stateful: true,
        }
    }

    fn new(_: Options, _: &mut Ctx<'_, Value>) -> Result<Counter, Refusal> {
        Ok(Counter { sums: BTreeMap::new(), drawn: 0 })
    }

    fn join(&mut self, member: &Member, _: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        if member.username == "nobody" {
            return Err(Refusal::new("no_name", "nobody plays here"));
        }
        self.sums.insert(member.seat, 0);
        Ok(())
    }

    fn leave(&mut self, seat: Seat, _: &mut Ctx<'_, Value>) {
        self.sums.remove(&seat);
    }

    fn input(&mut self, seat: Seat, input: Add, ctx: &mut Ctx<'_, Value>) -> Result<(), Refusal> {
        if input.add < 0 {
            return Err(Refusal::new("negative", "only what adds is taken"));
        }
        if input.add == 1_000 {
            ctx.event(json!({ "thousand": seat }));
        }
        if input.add == 2_000 {
            ctx.end(Some(json!({ "winner": seat })));
        }
        *self.sums.entry(seat).or_default() += input.add;
        Ok(())
    }

    fn tick(&mut self, ctx: &mut Ctx<'_, Value>) {
        self.drawn = ctx.rng().next_u64() >> 12;
    }

    fn view(&self) -> Value {
        let sums: BTreeMap<_, _> = self.sums.iter().map(|(k, v)| (k.to_string(), v)).collect();
        json!({ "sums": sums, "drawn": self.drawn })
    }

    fn forget(&mut self, seat: Seat) {
        self.sums.remove(&seat);
    }
}

async fn room() -> RoomHarness {
    RoomHarness::new::<Counter>(json!({}), 1).await
}

fn sum(view: &Value, seat: u16) -> &Value {
    &view["sums"][seat.to_string()]
}

#[tokio::test(start_paused = true)]
async fn a_member_sees_what_another_does() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    assert_eq!((alice.seat(), bob.seat()), (Seat(0), Seat(1)));
    assert_eq!(alice.expect("room.joined").await["username"], "bob");

    room.input(&mut alice, &json!({ "add": 7 }));

    bob.until(|view| sum(view, 0) == 7).await;
    alice.until(|view| sum(view, 0) == 7).await;
    assert_eq!((alice.ack, bob.ack), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn both_formats_show_the_same() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let session = room.session("bob", Format::MsgPack);
    let mut bob = room.join_with(session).await.unwrap();
    for n in 1..30 {
        room.input(&mut alice, &json!({ "add": n }));
        room.advance(1).await;
    }
    let tick = alice.tick.max(30);
    let seen = alice.reach(tick).await.clone();
    assert_eq!(bob.reach(tick).await, &seen);
}

#[tokio::test(start_paused = true)]
async fn a_full_room_a_second_join_and_a_game_that_refuses_say_so() {
    let room = room().await;
    let alice = room.join("alice").await.unwrap();
    let again = room.join_with(alice.session.clone()).await.err().unwrap();
    assert_eq!(again.code, ErrorCode::AlreadyJoined);
    let nobody = room.join("nobody").await.err().unwrap();
    assert_eq!(
        (nobody.code, &nobody.details.unwrap()["game"]),
        (ErrorCode::Forbidden, &json!("no_name"))
    );
    room.join("bob").await.unwrap();
    room.join("carol").await.unwrap();
    assert_eq!(room.join("dave").await.err().unwrap().code, ErrorCode::RoomFull);
    room.leave(&alice);
    room.join("dave").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_seat_moves_to_the_players_newer_session_with_its_number_and_state() {
    let room = room().await;
    let mut old = room.join("alice").await.unwrap();
    room.input(&mut old, &json!({ "add": 5 }));
    old.until(|view| sum(view, 0) == 5).await;
    let session = room.session_of(old.session.player(), "alice", Format::Json);
    let mut new = room.join_with(session).await.unwrap();
    assert_eq!((new.seat(), new.joined.input_seq), (Seat(0), 1));
    assert_eq!(old.expect("room.closed").await["reason"], "moved");
    new.until(|view| sum(view, 0) == 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_input_is_settled_and_told_and_an_old_one_is_ignored() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.input(&mut alice, &json!({ "add": -1 }));
    let rejected = alice.expect("room.input_rejected").await;
    assert_eq!(
        (&rejected["code"], &rejected["details"]["game"]),
        (&json!("input_refused"), &json!("negative"))
    );
    room.input(&mut alice, &json!({ "sub": 1 }));
    let rejected = alice.expect("room.input_rejected").await;
    assert_eq!(rejected["code"], "bad_request");
    assert_eq!(rejected["details"]["pointer"], "/data/input/add");
    room.advance(2).await;
    alice.reach(2).await;
    assert_eq!(alice.ack, 2);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_panics_is_set_aside_and_nothing_else_is_lost() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    room.input(&mut bob, &json!({ "add": 3 }));
    room.advance(7).await;
    bob.reach(7).await;
    let before = bob.tick;

    room.crash_next(Site::Input);
    room.input(&mut alice, &json!({ "add": 100 }));
    room.input(&mut alice, &json!({ "add": 10 }));
    room.input(&mut bob, &json!({ "add": 4 }));

    let recovered = bob.expect("room.recovered").await;
    assert_eq!((&recovered["ticks_lost"], &recovered["inputs_lost"]), (&json!(0), &json!(0)));
    let rejected = alice.expect("room.input_rejected").await;
    assert_eq!((&rejected["seq"], &rejected["code"]), (&json!(1), &json!("input_poison")));
    let seen = bob.until(|view| sum(view, 1) == 7).await.clone();
    assert_eq!(sum(&seen, 0), 10);
    assert!(bob.tick <= before + 2, "no tick was missed: {} then {}", before, bob.tick);
    assert_eq!(bob.epoch, bob.joined.epoch + 1);
    alice.until(|view| sum(view, 0) == 10).await;
    assert_eq!(alice.ack, 2);
}

#[tokio::test(start_paused = true)]
async fn state_after_a_crash_equals_that_of_a_room_which_did_not_crash() {
    for site in [Site::Input, Site::Join, Site::Leave, Site::Tick] {
        let (plain, crashed) = (room().await, room().await);
        let mut views = Vec::new();
        for (room, crashes) in [(&plain, false), (&crashed, true)] {
            let mut alice = room.join("alice").await.unwrap();
            let bob = room.join("bob").await.unwrap();
            for n in 0..130 {
                room.input(&mut alice, &json!({ "add": n }));
                room.advance(1).await;
            }
            if crashes {
                room.crash_next(site);
            }
            if crashes && site == Site::Input {
                room.input(&mut alice, &json!({ "add": 9_999 }));
            }
            if crashes && site == Site::Join {
                assert_eq!(room.join("carol").await.err().unwrap().code, ErrorCode::Internal);
            }
            room.leave(&bob);
            room.advance(20).await;
            alice.reach(155).await;
            let tick = alice.tick;
            views.push((tick, alice.view.clone()));
        }
        assert_eq!(views[0].1["sums"], views[1].1["sums"], "{site:?}");
        let (a, b) = (views[0].clone(), views[1].clone());
        if a.0 == b.0 {
            assert_eq!(a.1, b.1, "{site:?}: the random numbers too");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_panics_once_is_made_again() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.advance(3).await;
    alice.reach(3).await;
    room.crash_next(Site::Tick);
    let recovered = alice.expect("room.recovered").await;
    assert_eq!(recovered["ticks_lost"], 0);
    let tick = recovered["tick"].as_u64().unwrap();
    alice.reach(tick + 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_panics_again_costs_the_log_and_the_members_stay() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.input(&mut alice, &json!({ "add": 1 }));
    room.advance(120).await;
    alice.reach(120).await;
    let mut bob = room.join("bob").await.unwrap();
    room.crash_at_tick(alice.tick + 5, 2);
    alice.expect("room.recovered").await;
    let lossy = alice.expect("room.recovered").await;
    assert!(lossy["ticks_lost"].as_u64().unwrap() >= 1, "{lossy}");
    bob.until(|view| sum(view, 0) == 1 && sum(view, 1) == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_view_that_panics_goes_back_to_the_checkpoint() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.advance(5).await;
    room.crash_next(Site::View);
    alice.expect("room.recovered").await;
    let epoch = alice.joined.epoch + 1;
    alice.until(|_| true).await;
    while alice.epoch < epoch {
        room.advance(1).await;
        alice.until(|_| true).await;
        let tick = alice.tick;
        alice.reach(tick + 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_poison_of_a_player_costs_the_seat() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    for _ in 0..2 {
        room.crash_next(Site::Input);
        room.input(&mut alice, &json!({ "add": 1 }));
        alice.expect("room.input_rejected").await;
        room.advance(2).await;
    }
    assert_eq!(alice.expect("room.closed").await["reason"], "kicked");
    assert_eq!(bob.expect("room.left").await["seat"], 0);
    let back = room.session_of(alice.session.player(), "alice", Format::Json);
    assert_eq!(room.join_with(back).await.err().unwrap().code, ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_keeps_crashing_is_closed_and_its_members_told() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.crash(Site::Tick, u32::MAX);
    assert_eq!(alice.expect("room.closed").await["reason"], "crashed");
    assert!(room.vault.room(room.room.id).is_none());
    assert_eq!(room.vault.counts().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn sends_reach_the_others_or_the_seats_named_in_either_format() {
    use crate::{ask::Ask, room::RoomItem};
    let room = room().await;
    let alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    let mut carol = room.join_with(room.session("carol", Format::MsgPack)).await.unwrap();
    let send = |n: i64, to: Option<Vec<Seat>>| {
        let ask =
            Ask { session: alice.session.clone(), id: None, request: "room.send", traced: None };
        let payload = gamev1_protocol::Raw::json(&json!({ "n": n })).unwrap();
        room.put(RoomItem::Send { ask, payload, to: to.map(Into::into) });
    };
    send(1, None);
    send(2, Some(vec![Seat(2), Seat(9)]));
    send(3, None);
    for n in [1, 3] {
        assert_eq!(bob.expect("room.message").await["payload"], json!({ "n": n }));
    }
    for n in [1, 2, 3] {
        let message = carol.expect("room.message").await;
        assert_eq!(message["payload"], json!({ "n": n }));
        assert_eq!(message["from"], 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_game_without_time_shows_each_change() {
    let room = RoomHarness::new::<Counter>(json!({ "timeless": true }), 1).await;
    let mut alice = room.join("alice").await.unwrap();
    let mut bob = room.join("bob").await.unwrap();
    for n in [1, 2, 3] {
        room.input(&mut alice, &json!({ "add": 1 }));
        bob.until(|view| sum(view, 0) == n).await;
    }
    room.crash_next(Site::Input);
    room.input(&mut alice, &json!({ "add": 50 }));
    bob.expect("room.recovered").await;
    room.input(&mut alice, &json!({ "add": 1 }));
    bob.until(|view| sum(view, 0) == 4).await;
    assert_eq!(bob.epoch, bob.joined.epoch + 1);
}

#[tokio::test(start_paused = true)]
async fn events_carry_their_tick_and_the_end_closes_the_room() {
    let room = room().await;
    let mut alice = room.join("alice").await.unwrap();
    room.input(&mut alice, &json!({ "add": 1_000 }));
    assert_eq!(alice.expect("room.event").await["event"], json!({ "thousand": 0 }));
    room.input(&mut alice, &json!({ "add": 2_000 }));
    assert_eq!(alice.expect("room.ended").await["result"], json!({ "winner": 0 }));
    assert_eq!(alice.expect("room.closed").await["reason"], "ended");
    assert_eq!(room.vault.counts().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_nobody_sits_in_ends_after_a_minute() {
    let room = room().await;
    let alice = room.join("alice").await.unwrap();
    room.leave(&alice);
    tokio::time::sleep(std::time::Duration::from_secs(59)).await;
    assert_eq!(room.vault.counts().rooms, 1);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(room.vault.counts().rooms, 0);
}
