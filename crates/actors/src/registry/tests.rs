//! The registry as a value: places, counts, the list of incidents.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{
    observe::{Failed, Observer, SpanRef, Tick, Under, Work},
    supervisor::Restart,
};

const KIND: Kind = Kind::new("thing", &["first", "second"]);

fn place<'a>(under: &'a str, name: &'a str) -> Place<'a> {
    let (kind, restart) = (&KIND, Restart::Permanent);
    Place { under, above: None, name, kind, restart, strategy: None, inbox: None }
}

fn failure(decision: Decision) -> Failure {
    Failure::new(Cause::Panic, "boom", decision)
}

#[test]
fn an_actor_that_starts_again_keeps_its_place_and_its_counts() {
    let registry = ActorRegistry::default();
    let meta = registry.enter(place("/root", "a"));
    meta.started();
    assert_eq!((meta.incarnation(), meta.restarts(), meta.state()), (0, 0, State::Running));
    meta.begin(1);
    assert_eq!(meta.current().unwrap().0, "second");
    registry.failed(&meta, failure(Decision::Restart));
    assert_eq!(meta.state(), State::BackingOff);
    assert_eq!(registry.incidents()[0].doing, Some("second"));

    let again = registry.enter(place("/root", "a"));
    again.started();
    assert!(Arc::ptr_eq(&meta, &again));
    assert_eq!((again.incarnation(), again.restarts()), (1, 1));
    assert_eq!((again.current(), again.last_reason().as_deref()), (None, Some("boom")));
    assert_eq!(registry.restarts(), BTreeMap::from([(("thing", Cause::Panic), 1)]));
}

#[test]
fn whatever_failed_is_at_no_message_any_more_and_what_is_stuck_still_is() {
    let registry = ActorRegistry::default();
    let meta = registry.enter(place("/root", "a"));
    for decision in [Decision::Restart, Decision::Quarantine, Decision::Stop] {
        meta.started();
        meta.begin(1);
        registry.failed(&meta, failure(decision));
        assert_eq!(registry.incidents()[0].doing, Some("second"), "{decision}");
        assert_eq!(meta.current(), None, "{decision}");
    }
    meta.begin(0);
    registry.failed(&meta, Failure::new(Cause::Stuck, "a loop", Decision::Quarantine));
    assert_eq!(meta.current().unwrap().0, "first");
}

/// Counts how often the tree is drawn.
#[derive(Default)]
struct Drawn(AtomicUsize);

struct Nothing;

const NOWHERE: SpanRef = SpanRef { trace: 1, span: 1 };

impl Work for Nothing {
    fn span(&self) -> SpanRef {
        NOWHERE
    }

    fn fail(&mut self, _: &str) {}
}

impl Observer for Drawn {
    fn app_starting(&self) -> Box<dyn Work> {
        Box::new(Nothing)
    }

    fn starting(&self, _: &ActorMeta, _: Under) -> Box<dyn Work> {
        Box::new(Nothing)
    }

    fn failed(&self, _: &Failed<'_>) -> Box<dyn Work> {
        Box::new(Nothing)
    }

    fn ended(&self, _: &ActorMeta) {}

    fn received(&self, _: Option<SpanRef>) -> Box<dyn Work> {
        Box::new(Nothing)
    }

    fn handling(&self, _: &ActorMeta, _: &'static str, _: SpanRef) -> Box<dyn Work> {
        Box::new(Nothing)
    }

    fn tick(&self, _: &ActorMeta, _: Tick) {}

    fn snapshot(&self, _: &ActorRegistry) -> SpanRef {
        self.0.fetch_add(1, Ordering::Relaxed);
        NOWHERE
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_that_goes_on_is_drawn_again_every_ten_seconds() {
    let (registry, drawn) = (ActorRegistry::default(), Arc::<Drawn>::default());
    registry.observe(drawn.clone(), 0.0);
    let meta = registry.enter(place("", "a"));
    for second in 0..25 {
        registry.failed(&meta, failure(Decision::Quarantine));
        let so_far = drawn.0.load(Ordering::Relaxed);
        assert_eq!(so_far, 1 + second / 10, "after {second} s and a little");
        tokio::time::sleep(Duration::from_millis(1_001)).await;
    }
}

#[test]
fn children_are_those_directly_below() {
    let registry = ActorRegistry::default();
    for (under, name) in [("", "root"), ("/root", "a"), ("/root/a", "b"), ("/root", "a-b")] {
        registry.enter(place(under, name));
    }
    let names = |path| registry.children(path).iter().map(|m| m.name().to_owned()).collect();
    let below: Vec<String> = names("/root");
    assert_eq!(below, ["a", "a-b"]);
    let below: Vec<String> = names("/root/a");
    assert_eq!(below, ["b"]);
    registry.retain_children("/root", |name| name == "a");
    let below: Vec<String> = names("/root");
    assert_eq!(below, ["a"]);
    assert_eq!(registry.named("b").unwrap().path.as_ref(), "/root/a/b");
}

#[test]
fn messages_are_counted_and_the_one_at_hand_is_known() {
    let meta = ActorMeta::alone(&KIND);
    assert_eq!(meta.current(), None);
    meta.begin(0);
    assert_eq!(meta.current().unwrap().0, "first");
    meta.end();
    assert_eq!((meta.current(), meta.handled()), (None, 1));
}

#[test]
fn the_last_hundred_incidents_are_kept_the_latest_first_and_long_reasons_are_cut() {
    let registry = ActorRegistry::default();
    let meta = registry.enter(place("", "a"));
    for n in 0..150 {
        let reason = format!("{n}{}", "é".repeat(1_000));
        registry.failed(&meta, Failure::new(Cause::Error, reason, Decision::Stop));
    }
    let incidents = registry.incidents();
    assert_eq!(incidents.len(), 100);
    assert!(incidents[0].reason.starts_with("149é") && incidents[99].reason.starts_with("50é"));
    assert_eq!(incidents[0].reason.chars().count(), 500);
    assert_eq!(registry.restarts(), BTreeMap::new());
}
