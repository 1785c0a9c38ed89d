//! The shape of traces, read from memory.

use std::{collections::HashMap, time::Duration};

use gamev1_actors::{
    game::{Ctx, Game, Map, Member, Refusal, Settings},
    protocol::Seat,
    testing::RoomHarness,
};
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::telemetry::traces::traceparent;

#[derive(Serialize, Deserialize)]
struct Quiet;

impl Game for Quiet {
    const NAME: &'static str = "quiet";
    type Options = Map<String, Value>;
    type Input = Value;
    type View = Map<Seat, u32>;
    type Event = ();

    fn settings(_: &Self::Options) -> Settings {
        Settings {
            tick_hz: 10,
            patch_hz: 10,
            seats_max: 4,
            seats_per_player: 1,
            sends: false,
            stateful: true,
        }
    }

    fn new(_: Self::Options, _: &mut Ctx<'_, ()>) -> Result<Quiet, Refusal> {
        Ok(Quiet)
    }

    fn join(&mut self, _: &Member, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        Ok(())
    }

    fn leave(&mut self, _: Seat, _: &mut Ctx<'_, ()>) {}

    fn input(&mut self, _: Seat, _: Value, _: &mut Ctx<'_, ()>) -> Result<(), Refusal> {
        Ok(())
    }

    fn view(&self) -> Map<Seat, u32> {
        Map::new()
    }
}

struct Stage {
    exporter: InMemorySpanExporter,
    telemetry: Telemetry,
    harness: RoomHarness,
}

impl Stage {
    async fn set() -> Stage {
        let exporter = InMemorySpanExporter::default();
        let builder = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
        let telemetry = Telemetry::with(builder, 1.0).unwrap();
        let harness = RoomHarness::new::<Quiet>(json!({}), 1).await;
        telemetry.observe(&harness.vault.registry);
        Stage { exporter, telemetry, harness }
    }

    /// Crashes the room on order and waits until it is back.
    async fn crash(&self) {
        let mut member = self.harness.join("ada").await.unwrap();
        let room = format!("room:{}", self.harness.room.id);
        assert!(self.harness.vault.registry.named(&room).unwrap().crash());
        member.expect("room.recovered").await;
    }

    fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {names:?}"))
}

/// What holds of every trace.
fn well_formed(spans: &[SpanData]) {
    let known: HashMap<_, _> =
        spans.iter().map(|span| (span.span_context.span_id(), span)).collect();
    for span in spans {
        assert_ne!(span.name, "Actor", "a span that lives as long as an actor");
        if span.parent_span_id == SpanId::INVALID {
            assert!(span.links.is_empty(), "the root {} has links", span.name);
        } else if !span.parent_span_is_remote {
            let parent = known.get(&span.parent_span_id);
            let parent = parent.unwrap_or_else(|| panic!("{} is an orphan", span.name));
            assert_eq!(parent.span_context.trace_id(), span.span_context.trace_id());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_one_trace_from_the_failure_to_the_next_start() {
    let stage = Stage::set().await;
    stage.crash().await;

    let spans = stage.spans();
    well_formed(&spans);
    let incident = named(&spans, "supervise Room: restart");
    assert!(matches!(incident.status, Status::Error { .. }));
    let below = spans.iter().filter(|span| span.parent_span_id == incident.span_context.span_id());
    let mut below: Vec<_> = below.map(|span| span.name.as_ref()).collect();
    below.sort_unstable();
    assert_eq!(below, ["failed Room", "start Room", "supervise.backoff"]);
    let trace = u128::from_be_bytes(incident.span_context.trace_id().to_bytes());
    let listed = stage.harness.vault.registry.incidents();
    assert_eq!((listed.len(), listed[0].trace), (1, Some(trace)));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_has_a_bar_for_each_actor_nested_as_it_is_supervised() {
    let stage = Stage::set().await;
    stage.crash().await;
    let registry = &stage.harness.vault.registry;
    let at = registry.observer().unwrap().snapshot(registry);

    let spans = stage.spans();
    well_formed(&spans);
    let of_it: Vec<_> = spans
        .iter()
        .filter(|span| u128::from_be_bytes(span.span_context.trace_id().to_bytes()) == at.trace)
        .collect();
    assert_eq!(of_it.len(), registry.len() + 1);
    let bar = |path: &str| *of_it.iter().find(|span| span.name == path).unwrap();
    let room = bar(&format!("/rooms/room:{}", stage.harness.room.id));
    assert_eq!(room.parent_span_id, bar("/rooms").span_context.span_id());
    let restarts = room.attributes.iter().find(|a| a.key.as_str() == "actor.restart_count");
    assert_eq!(restarts.unwrap().value.as_str(), "1");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_was_drawn_is_traced_into_the_room_and_its_parent_is_not_stretched() {
    let stage = Stage::set().await;
    let observer = stage.harness.vault.registry.observer().unwrap().clone();
    let meta = stage.harness.vault.registry.named("rooms").unwrap();
    let client = traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    let received = observer.received(Some(client));
    let handling = observer.handling(&meta, "room.input", received.span());
    drop(received);
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(handling);

    let spans = stage.spans();
    well_formed(&spans);
    let (received, handle) = (named(&spans, "ws receive"), named(&spans, "handle room.input"));
    assert_eq!(handle.parent_span_id, received.span_context.span_id());
    let trace = received.span_context.trace_id().to_bytes();
    assert_eq!(u128::from_be_bytes(trace), client.trace);
    assert_eq!(u64::from_be_bytes(received.parent_span_id.to_bytes()), client.span);
    let took = received.end_time.duration_since(received.start_time).unwrap();
    assert!(took < Duration::from_millis(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn ticks_make_no_spans_and_are_counted() {
    let stage = Stage::set().await;
    stage.harness.advance(50).await;
    let spans = stage.spans();
    assert!(spans.iter().all(|span| !span.name.contains("tick")), "{:?}", spans.len());
    let text = stage.telemetry.metrics.text().unwrap();
    let count =
        text.lines().find_map(|line| line.strip_prefix("game_tick_duration_seconds_count "));
    assert!(count.unwrap().parse::<u64>().unwrap() >= 49, "{text}");
}

#[test]
fn a_traceparent_is_read_as_w3c_writes_it() {
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert_eq!(traceparent(good).unwrap().span, 0xb7ad_6b71_6920_3331);
    for bad in [
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c8031zz-b7ad6b7169203331-01",
        "00-0af7-b7ad6b7169203331-01",
    ] {
        assert_eq!(traceparent(bad), None, "{bad}");
    }
}

#[test]
fn every_metric_has_a_name_and_says_what_it_is() {
    let names: Vec<_> = metrics::NAMES.iter().map(|name| name.exported).collect();
    for name in metrics::NAMES {
        assert!(name.help.ends_with('.'), "{name:?}");
        assert_eq!(names.iter().filter(|other| **other == name.exported).count(), 1);
    }
}
