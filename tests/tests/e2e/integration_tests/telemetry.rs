//! What operators see: metrics as Prometheus reads them, traces as a collector receives them.

use std::{io::Write, process::Stdio};

use e2e::{
    client::Dial,
    otlp::{Collector, attribute},
};
use gamev1_server::telemetry::metrics::NAMES;

use super::*;

async fn observed(collector: &Collector) -> Server {
    with_bomb()
        .dev()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", collector.address))
        .env("OTEL_TRACES_SAMPLER_ARG", "0")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .start()
        .await
}

#[tokio::test]
async fn prometheus_takes_the_metrics_and_every_name_is_there() {
    let server = with_bomb().start().await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("bomb").await;
    ada.input(&room, 1, json!({ "boom": "input" })).await;
    ada.push("room.recovered").await;
    ada.ticks(&room, 3).await;

    let answer = server.get("/metrics").await;

    assert_eq!(answer.status, 200);
    let text = answer.text;
    for name in NAMES {
        assert!(
            text.contains(&format!("# HELP {} ", name.exported)),
            "{} in\n{text}",
            name.exported
        );
    }
    for sample in [
        "ws_connections 1\n",
        "active_rooms 1\n",
        "players_online 1\n",
        "actor_live{kind=\"room\"} 1\n",
        "actor_restarts_total{kind=\"room\",reason=\"panic\"} 1\n",
    ] {
        assert!(text.contains(sample), "{sample} in\n{text}");
    }
    let mut promtool = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool, which `make tools` installs");
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn the_start_of_the_program_and_a_crash_are_traces_that_a_collector_receives() {
    let collector = Collector::start().await;
    let server = observed(&collector).await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("bomb").await;
    ada.input(&room, 1, json!({ "boom": "input" })).await;
    ada.push("room.recovered").await;

    let named = |name: &'static str| move |span: &&_| named(span, name);
    let spans = collector.until("an incident", |spans| {
        spans.iter().any(|span| named("supervise Room: restart")(&span))
            && spans.iter().any(|span| named("start App")(&span))
    });
    let spans = spans.await;

    let app = spans.iter().find(named("start App")).unwrap();
    let boot: Vec<_> = spans.iter().filter(|span| span.trace_id == app.trace_id).collect();
    let paths: Vec<_> = boot.iter().filter_map(|span| attribute(span, "actor.path")).collect();
    for path in ["/root", "/root/storage/store", "/root/directory/lobby", "/root/door/edge"] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    let store =
        boot.iter().find(|span| attribute(span, "actor.path") == Some("/root/storage/store"));
    let storage = boot.iter().find(|span| attribute(span, "actor.path") == Some("/root/storage"));
    assert_eq!(store.unwrap().parent_span_id, storage.unwrap().span_id);
    let incident = spans.iter().find(named("supervise Room: restart")).unwrap();
    let path = format!("/root/rooms/room:{room}");
    assert_eq!(attribute(incident, "actor.path"), Some(path.as_str()));
    assert!(incident.parent_span_id.is_empty() && incident.links.is_empty(), "{incident:?}");
    assert!(spans.iter().all(|span| span.name != "Actor"));
    let listed = server.get("/v1/admin/incidents").await.ok(200);
    let trace: String = incident.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(listed["items"][0]["trace_id"], trace);
}

#[tokio::test]
async fn what_a_client_traces_goes_on_in_the_server() {
    let collector = Collector::start().await;
    let server = observed(&collector).await;
    let player = server.guest().await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let dial = Dial::new().bearer(&player).header("traceparent", parent);
    let mut ada = server.dial(&dial).await;
    let room = ada.create("bomb").await;
    ada.input(&room, 1, json!({ "add": 1 })).await;
    ada.settled(&room, 1).await;

    let call = server.call(Method::GET, "/v1/rooms").bearer_auth(player.access());
    server.answer(call.header("traceparent", parent)).await.ok(200);

    let of_the_client =
        |span: &&opentelemetry_proto::tonic::trace::v1::Span| span.trace_id[..2] == [0x0a, 0xf7];
    let spans = collector.until("the input's way", |spans| {
        let handled =
            spans.iter().filter(of_the_client).filter(|span| named(span, "handle room.input"));
        let asked = spans.iter().filter(of_the_client).any(|span| named(span, "http request"));
        handled.count() == 2 && asked
    });
    let spans = spans.await;
    let input: Vec<_> = spans
        .iter()
        .filter(of_the_client)
        .filter(|span| span.name == "handle room.input")
        .filter_map(|span| attribute(span, "actor.kind"))
        .collect();
    assert!(input.contains(&"session") && input.contains(&"room"), "{input:?}");
}

fn named(span: &opentelemetry_proto::tonic::trace::v1::Span, name: &str) -> bool {
    span.name == name
}
