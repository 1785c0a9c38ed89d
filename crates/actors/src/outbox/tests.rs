//! The outbox as a socket and a client see it: what leaves in which order, and what a resume brings back.

mod line;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

use gamev1_protocol::{
    PlayerId, RoomId, SessionId, StateOf, StateTail,
    limits::{RELIABLE_BYTES_MAX, RELIABLE_FRAMES_MAX},
    push::{PlayerInfo, Welcome, WelcomeLimits},
    view::View,
};

use super::*;

/// What a socket's task was given.
#[derive(Debug, PartialEq)]
enum Left {
    Frame(Bytes),
    /// The state of a tick.
    State(u64),
}

/// A socket's write buffer that takes `room` more frames.
struct Buffer {
    room: usize,
    left: Vec<Left>,
}

impl Sink for Buffer {
    fn has_room(&self) -> bool {
        self.room > 0
    }

    fn frame(&mut self, frame: &[u8]) {
        self.room -= 1;
        self.left.push(Left::Frame(Bytes::copy_from_slice(frame)));
    }

    fn state(&mut self, frame: &StateFrame) {
        self.room -= 1;
        self.left.push(Left::State(frame.tick));
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn attached() -> Outbox {
    let outbox = Outbox::new(Format::Json);
    outbox.attach();
    outbox
}

fn poll(outbox: &Outbox, room: usize, waker: &Waker) -> (Vec<Left>, Poll<Option<Close>>) {
    let mut buffer = Buffer { room, left: Vec::new() };
    let polled = outbox.poll_drain(&Context::from_waker(waker), &mut buffer);
    (buffer.left, polled)
}

/// Everything that can leave now, and how the socket is to close.
fn drain(outbox: &Outbox, room: usize) -> (Vec<Left>, Option<Close>) {
    let (left, polled) = poll(outbox, room, Waker::noop());
    (left, if let Poll::Ready(close) = polled { close } else { None })
}

fn frame(name: &'static str) -> Bytes {
    Bytes::from_static(name.as_bytes())
}

fn left(name: &'static str) -> Left {
    Left::Frame(frame(name))
}

fn state(tick: u64, base: Option<u64>) -> StateFrame {
    let view = View::of(&serde_json::json!({ "tick": tick })).unwrap().view;
    let of = StateOf { room: RoomId::from_bits(1), n: 1, epoch: 1 };
    StateFrame { ack: 0, tail: StateTail::snapshot(Format::Json, of, tick, &view), tick, base }
}

fn welcome() -> Push {
    let player =
        PlayerInfo { id: PlayerId::new(), username: "alice".into(), role: "player".into() };
    Push::SessionWelcome(Box::new(Welcome {
        protocol: 1,
        server: "test".into(),
        session: SessionId::new(),
        resumed: true,
        resume_token: "token".into(),
        resume_window_ms: 30_000,
        player,
        heartbeat_ms: 20_000,
        server_ms: 0,
        limits: WelcomeLimits { frame_bytes: 16_384, input_hz: 30, rooms: 16, channels: 0 },
        resume: None,
    }))
}

fn is_welcome(frame: &Left) -> bool {
    matches!(frame, Left::Frame(bytes) if bytes.starts_with(br#"{"type":"session.welcome""#))
}

fn closed(code: CloseCode) -> Option<Close> {
    Some(Close { code, retry_after_ms: None })
}

#[test]
fn reliable_frames_leave_before_states_whatever_came_first() {
    let outbox = attached();
    assert!(outbox.put_state(1, state(7, None)));
    outbox.send(frame("a"), Counted::Yes);
    assert!(outbox.put_state(2, state(8, None)));
    outbox.send(frame("b"), Counted::No);
    let (all, close) = drain(&outbox, 9);
    assert_eq!(all, [left("a"), left("b"), Left::State(7), Left::State(8)]);
    assert_eq!(close, None);
    assert_eq!(drain(&outbox, 9).0, []);
}

#[test]
fn what_does_not_fit_into_the_socket_leaves_later_behind_newer_reliable_frames() {
    let outbox = attached();
    outbox.send(frame("a"), Counted::Yes);
    outbox.send(frame("b"), Counted::Yes);
    outbox.put_state(1, state(1, None));
    assert_eq!(drain(&outbox, 1).0, [left("a")]);
    assert_eq!(drain(&outbox, 0).0, []);
    outbox.send(frame("c"), Counted::Yes);
    assert_eq!(drain(&outbox, 2).0, [left("b"), left("c")]);
    assert_eq!(drain(&outbox, 2).0, [Left::State(1)]);
}

#[test]
fn a_state_that_has_not_left_is_taken_back_for_a_newer_one_and_another_rooms_stays() {
    let outbox = attached();
    outbox.put_state(1, state(10, Some(9)));
    outbox.put_state(2, state(50, None));
    let unsent = outbox.take_state(1).unwrap();
    assert_eq!((unsent.tick, unsent.base), (10, Some(9)));
    outbox.put_state(1, state(11, unsent.base));
    assert_eq!(drain(&outbox, 9).0, [Left::State(50), Left::State(11)]);
    assert!(outbox.take_state(1).is_none(), "it has left");
}

#[test]
fn without_a_socket_no_state_is_taken_and_one_that_waited_is_gone() {
    let outbox = Outbox::new(Format::Json);
    assert!(!outbox.put_state(1, state(1, None)));
    outbox.attach();
    assert!(outbox.put_state(1, state(2, None)));
    outbox.detach();
    outbox.attach();
    assert_eq!(drain(&outbox, 9).0, []);
    outbox.close(CloseCode::Done, None);
    assert!(!outbox.put_state(1, state(3, None)));
}

#[test]
fn a_lane_with_too_many_frames_closes_the_socket_with_4008() {
    let outbox = attached();
    for _ in 0..RELIABLE_FRAMES_MAX {
        outbox.send(frame("x"), Counted::No);
    }
    outbox.send(frame("x"), Counted::No);
    let (all, close) = drain(&outbox, usize::MAX);
    assert_eq!((all.len(), close), (0, closed(CloseCode::TooSlow)));

    let outbox = attached();
    (0..RELIABLE_FRAMES_MAX).for_each(|_| outbox.send(frame("x"), Counted::No));
    let (all, close) = drain(&outbox, usize::MAX);
    assert_eq!((all.len(), close), (RELIABLE_FRAMES_MAX, None));
}

#[test]
fn a_lane_with_too_many_bytes_closes_the_socket_with_4008() {
    let half = Bytes::from(vec![b'x'; RELIABLE_BYTES_MAX / 2]);
    let outbox = attached();
    outbox.send(half.clone(), Counted::No);
    outbox.send(half.clone(), Counted::No);
    assert_eq!(drain(&outbox, 1).0.len(), 1);
    outbox.send(half.clone(), Counted::No);
    let (all, close) = drain(&outbox, 9);
    assert_eq!((all.len(), close), (2, None), "what has left is not counted any more");

    outbox.send(half.clone(), Counted::No);
    outbox.send(half, Counted::No);
    outbox.send(frame("x"), Counted::No);
    assert_eq!(drain(&outbox, 9), (vec![], closed(CloseCode::TooSlow)));
}

#[test]
fn a_socket_closes_once_what_is_queued_has_left_and_the_first_reason_stands() {
    let outbox = attached();
    outbox.send(frame("a"), Counted::Yes);
    outbox.put_state(1, state(1, None));
    outbox.close(CloseCode::GoingAway, Some(5));
    outbox.close(CloseCode::SignedOut, None);
    outbox.send(frame("late"), Counted::Yes);
    assert_eq!(drain(&outbox, 1), (vec![left("a")], None));
    let close = Some(Close { code: CloseCode::GoingAway, retry_after_ms: Some(5) });
    assert_eq!(drain(&outbox, 9), (vec![Left::State(1)], close));
    assert_eq!(drain(&outbox, 9), (vec![], close));
    // What counts and came too late for this socket waits for the next one.
    outbox.reopen(&welcome(), 1);
    let (all, close) = drain(&outbox, 9);
    assert!(is_welcome(&all[0]), "{all:?}");
    assert_eq!((&all[1..], close), ([left("late")].as_slice(), None));
}

#[test]
fn a_socket_that_found_nothing_is_woken_once_by_what_comes_next() {
    let outbox = attached();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let woken = || wakes.0.swap(0, Ordering::Relaxed);
    assert!(poll(&outbox, 9, &waker).1.is_pending());
    outbox.send(frame("a"), Counted::No);
    outbox.send(frame("b"), Counted::No);
    outbox.put_state(1, state(1, None));
    assert_eq!(woken(), 1);
    assert_eq!(poll(&outbox, 1, &waker).0, [left("a")]);
    outbox.send(frame("c"), Counted::No);
    assert_eq!(woken(), 0, "it has not emptied the outbox yet");
    assert_eq!(poll(&outbox, 9, &waker).0.len(), 3);
    assert!(poll(&outbox, 9, &waker).1.is_pending());
    outbox.put_state(1, state(2, None));
    assert_eq!(woken(), 1);
    poll(&outbox, 9, &waker).1.is_ready().then_some(()).expect("a state");
    outbox.close(CloseCode::Done, None);
    assert_eq!(woken(), 1);
}

#[test]
fn a_reply_without_an_id_is_not_sent_and_a_pong_does_not_count() {
    let outbox = attached();
    outbox.reply(None, &Reply::Done {});
    assert_eq!(drain(&outbox, 9).0, []);
    outbox.reply(Some(1), &Reply::Pong { received: 0, server_ms: 0 });
    assert!(!outbox.keeps_from(1), "nothing has counted yet");
    outbox.reply(Some(2), &Reply::Done {});
    assert!(outbox.keeps_from(0) && outbox.keeps_from(1) && !outbox.keeps_from(2));
    assert_eq!(drain(&outbox, 9).0.len(), 2);
    outbox.confirm(1);
    assert!(!outbox.keeps_from(0) && outbox.keeps_from(1));
}

#[test]
fn frames_that_do_not_count_and_found_no_socket_are_told_as_lost_once() {
    let outbox = attached();
    outbox.send(frame("a"), Counted::No);
    drain(&outbox, 9);
    outbox.detach();
    assert!(!outbox.take_uncounted_lost());
    outbox.send(frame("b"), Counted::No);
    assert!(outbox.take_uncounted_lost());
    outbox.expect_greeting();
    outbox.reopen(&welcome(), 0);
    outbox.detach();
    outbox.not_greeted();
    assert!(
        outbox.take_uncounted_lost(),
        "the welcome that would have told of them was never sent"
    );
    outbox.reopen(&welcome(), 0);
    drain(&outbox, 9);
    assert!(outbox.greeted() && !outbox.take_uncounted_lost());
}

#[test]
fn frames_that_do_not_count_and_were_queued_when_the_socket_went_are_told_as_lost() {
    let outbox = attached();
    outbox.send(frame("a"), Counted::No);
    outbox.detach();
    assert!(outbox.take_uncounted_lost());
}

#[test]
fn the_welcome_leaves_also_when_what_came_behind_it_was_too_much() {
    let outbox = Outbox::new(Format::Json);
    outbox.open(&welcome());
    (0..=RELIABLE_FRAMES_MAX).for_each(|_| outbox.send(frame("x"), Counted::Yes));
    let (all, close) = drain(&outbox, usize::MAX);
    assert_eq!((all.len(), is_welcome(&all[0])), (1, true), "it has the token for coming back");
    assert_eq!(close, closed(CloseCode::TooSlow));
}

#[test]
fn a_client_that_was_closed_for_being_slow_finds_everything_when_it_comes_back() {
    let outbox = attached();
    (0..=RELIABLE_FRAMES_MAX).for_each(|_| outbox.send(frame("x"), Counted::Yes));
    assert_eq!(drain(&outbox, usize::MAX).1, closed(CloseCode::TooSlow));
    outbox.detach();
    assert!(outbox.keeps_from(0));
    outbox.reopen(&welcome(), 0);
    // What is sent again fills no lane: there is place for as much as ever.
    (1..RELIABLE_FRAMES_MAX).for_each(|_| outbox.send(frame("y"), Counted::Yes));
    let (all, close) = drain(&outbox, usize::MAX);
    assert_eq!((all.len(), close), (2 * RELIABLE_FRAMES_MAX + 1, None));
}

#[test]
fn after_an_incomplete_resume_both_sides_count_from_what_the_client_has() {
    for received in [0, 1_000_000] {
        let outbox = attached();
        (0..10).for_each(|_| outbox.send(frame("lost"), Counted::Yes));
        outbox.confirm(10);
        outbox.detach();
        outbox.send(frame("kept"), Counted::Yes);
        assert!(!outbox.keeps_from(received));
        outbox.reopen(&welcome(), received);
        let sent_again = drain(&outbox, 9).0.len() as u64 - 1;
        outbox.send(frame("live"), Counted::Yes);
        drain(&outbox, 9);
        assert!(outbox.keeps_from(received + sent_again + 1), "{received}");
        assert!(!outbox.keeps_from(received + sent_again + 2), "{received}");
    }
}
