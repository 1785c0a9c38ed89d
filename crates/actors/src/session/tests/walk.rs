//! A session over cuts at any place, resumes, crashes, stops and deaths in any order: its seat is kept, no other member
//! sees it go, every frame that counts comes once and in order, every request that counts is done once; and where that
//! is not so the client is told.

mod ops;
mod peer;

use std::collections::BTreeMap;

use gamev1_protocol::Push;
use proptest::{collection::vec, prelude::*};

use self::{
    ops::{Op, op},
    peer::{Asked, Peer, What},
};
use super::*;
use crate::{shutdown::Kept, testing::on_paused_time};

/// Short of the budgets of a room and of a session.
const CRASHES_MAX: u32 = 2;
/// Rooms that are made, short of what a player may have.
const CREATES_MAX: usize = 6;
/// Away for longer than that the client comes back, whatever else happens.
const AWAY_MAX: Duration = Duration::from_secs(15);

struct Walk {
    world: World,
    alice: Peer,
    /// Sits in the room from the beginning to the end, and reads everything.
    bob: Client,
    /// What bob was sent, by the request that it came of.
    heard: Vec<u64>,
    pushed: u64,
    /// Events before this one may be missing: the client was told.
    lost_before: u64,
    /// Not all was known when a process ended, and the client has not been told.
    uncertain: bool,
    /// A room that was made before this request may have died with its process.
    rooms_certain_from: u64,
    crashes: u32,
    away_since: Option<Instant>,
}

impl Walk {
    async fn begin() -> Walk {
        let world = World::new().await;
        let mut alice = Peer::open(&world, world.identity("alice")).await;
        alice.ask(What::Create);
        alice.arrive(1);
        sleep(HEARD_BY).await;
        alice.serve(usize::MAX);
        alice.read(usize::MAX);
        let mut bob = world.client("bob").await;
        bob.call("room.join", json!({ "room": alice.room })).await.unwrap();
        restarts::seats_are_saved().await;
        let mut walk = Walk {
            world,
            alice,
            bob,
            heard: Vec::new(),
            pushed: 0,
            lost_before: 0,
            uncertain: false,
            rooms_certain_from: 0,
            crashes: 0,
            away_since: None,
        };
        walk.bob_reads().await;
        walk
    }

    async fn happens(&mut self, op: &Op) {
        match *op {
            Op::Ask(What::Create) if self.creates() >= CREATES_MAX => {}
            Op::Ask(what) => drop(self.alice.ask(what)),
            Op::Ping => self.alice.ping(),
            Op::Push => self.push(),
            Op::Arrive(frames) => self.alice.arrive(frames),
            Op::Serve(serve, read) => {
                self.alice.serve(serve);
                self.alice.read(read);
            }
            Op::Wait(ms) => sleep(Duration::from_millis(ms)).await,
            Op::Cut(arrive, read) => self.alice.cut(arrive, read),
            Op::Resume => self.resume().await,
            Op::ResumeInVain if self.alice.online() => {}
            Op::ResumeInVain => self.alice.ask_in_vain(&self.world).await,
            Op::SessionCrash | Op::RoomCrash => self.crash(matches!(op, Op::RoomCrash)),
            Op::Stop(arrive, read) => self.stop(arrive, read).await,
            Op::Death(arrive, read) => self.die(arrive, read).await,
        }
        self.bob_reads().await;
        match (self.alice.online(), self.away_since) {
            (true, _) => self.away_since = None,
            (false, None) => self.away_since = Some(Instant::now()),
            (false, Some(since)) if since.elapsed() > AWAY_MAX => self.resume().await,
            (false, Some(_)) => {}
        }
    }

    fn creates(&self) -> usize {
        self.alice.asked.values().filter(|asked| asked.what == What::Create).count()
    }

    fn room(&self) -> gamev1_protocol::RoomId {
        serde_json::from_value(self.alice.room.clone()).unwrap()
    }

    /// As the room would, to this member: the next number.
    fn push(&mut self) {
        if let Some(session) = self.world.vault().session(self.alice.session.id) {
            let (room, event) = (self.room(), self.pushed.into());
            session.outbox.push(&Push::RoomEvent { room, tick: 1, event });
            self.pushed += 1;
        }
    }

    fn crash(&mut self, room: bool) {
        self.crashes += 1;
        if self.crashes > CRASHES_MAX {
            return;
        }
        let vault = self.world.vault();
        if room {
            vault.room(self.room()).unwrap().actor.get().unwrap().kill();
        } else if let Some(actor) =
            vault.session(self.alice.session.id).and_then(|session| session.actor.get())
        {
            actor.kill();
        }
    }

    async fn resume(&mut self) {
        let complete = self.alice.resume(&self.world).await;
        assert!(complete || self.uncertain, "all of it is known");
        self.uncertain = false;
        if !complete {
            self.lost_before = self.pushed;
        }
    }

    async fn bob_reads(&mut self) {
        for frame in self.bob.all_within(HEARD_BY).await {
            match frame["type"].as_str() {
                Some("room.message") => self.heard.push(frame["data"]["payload"].as_u64().unwrap()),
                Some("room.joined" | "room.left" | "room.closed" | "error") => {
                    panic!("nobody was to see {frame}")
                }
                _ => {}
            }
        }
    }

    async fn stop(&mut self, arrive: usize, read: usize) {
        if self.alice.online() {
            self.alice.arrive(arrive);
        }
        // One that takes a second may just not be done by the end of what a stop waits for.
        let slow = |asked: &Asked| asked.what == What::Refresh && asked.answers.is_empty();
        self.uncertain |= self.alice.asked.values().any(slow);
        let next = self.world.next().await;
        let World { system, .. } = std::mem::replace(&mut self.world, next);
        let kept = timeout(PATIENCE, system.stop(Duration::from_secs(10))).await.unwrap();
        assert_eq!(kept, Kept::Stored);
        self.alice.serve(usize::MAX);
        self.alice.cut(0, read);
        self.bob_reads().await;
        assert_eq!(self.bob.resume(&self.world).await.unwrap()["complete"], true);
        self.crashes = 0;
    }

    async fn die(&mut self, arrive: usize, read: usize) {
        self.alice.cut(arrive, read);
        let next = self.world.next().await;
        let World { system, .. } = std::mem::replace(&mut self.world, next);
        system.die().await;
        self.uncertain = true;
        self.rooms_certain_from = self.alice.asked.len() as u64 + 1;
        assert_eq!(self.bob.resume(&self.world).await.unwrap()["complete"], false);
        self.crashes = 0;
    }

    /// Everything arrives, and is as it should be.
    async fn end(&mut self) {
        if !self.alice.online() {
            self.resume().await;
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            self.alice.arrive(usize::MAX);
            sleep(Duration::from_secs(1)).await;
            self.bob_reads().await;
            self.alice.serve(usize::MAX);
            self.alice.read(usize::MAX);
        }
        self.check_events();
        self.check_requests();
    }

    fn check_events(&self) {
        let events = &self.alice.events;
        assert!(events.is_sorted_by(|a, b| a < b), "once and in order: {events:?}");
        let missing = (self.lost_before..self.pushed).find(|event| !events.contains(event));
        assert_eq!(missing, None, "of {}: {events:?}", self.pushed);
    }

    fn check_requests(&self) {
        let heard = &self.heard;
        assert!(heard.is_sorted_by(|a, b| a < b), "once and in order: {heard:?}");
        let mut made: BTreeMap<u64, u32> = BTreeMap::new();
        for room in self.world.vault().rooms() {
            if let Some(of) = room.spec.metadata["of"].as_u64() {
                *made.entry(of).or_default() += 1;
            }
        }
        for (id, asked) in &self.alice.asked {
            let answers = asked.answers.len();
            assert!(answers == 1 || (answers == 0 && asked.interrupted), "{id}: {asked:?}");
            let done = match asked.what {
                What::Send => u32::from(heard.contains(id)),
                What::Create => made.get(id).copied().unwrap_or(0),
                What::Sync | What::Refresh | What::Dance => continue,
            };
            assert!(done <= 1, "{id} was done {done} times: {asked:?}");
            let certain = asked.what == What::Send || *id >= self.rooms_certain_from;
            match asked.answers.first() {
                Some(None) if certain => assert_eq!(done, 1, "{id}: {asked:?}"),
                Some(Some(code)) if code != "internal" => assert_eq!(done, 0, "{id}: {asked:?}"),
                _ => {}
            }
        }
    }
}

async fn play(ops: &[Op]) {
    let mut walk = Walk::begin().await;
    for op in ops {
        walk.happens(op).await;
    }
    walk.end().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_befalls_a_session_it_goes_on_or_its_client_is_told(ops in vec(op(), 1..40)) {
        on_paused_time(play(&ops));
    }
}
