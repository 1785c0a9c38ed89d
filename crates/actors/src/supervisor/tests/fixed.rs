//! The static supervisor: starting, stopping, and who is taken down with whom.

use tokio::time::Instant;

use super::*;
use Restart::{Permanent, Temporary, Transient};

#[tokio::test(start_paused = true)]
async fn children_start_in_order_and_stop_in_reverse() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a", "b", "c"]);
    let running = Running::start(spec(Strategy::OneForOne), children).await;
    stage.expect([Began("a"), Began("b"), Began("c")]).await;

    running.stop().await;

    stage.expect([Ended("c"), Ended("b"), Ended("a")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_takes_the_supervisor_down_with_those_before_it() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a", "b", "c"]);
    stage.refuse("c", 1);

    let family = family("top", spec(Strategy::OneForOne), children);
    let error = Actor::spawn(None, Supervisor, family).await.err().unwrap().to_string();

    assert!(error.contains("top/c does not start: "), "{error}");
    stage.expect([Began("a"), Began("b"), Refused("c"), Ended("b"), Ended("a")]).await;
}

/// Who ends and who begins after `b`, of this restart type, has ended: OTP's table, written out.
fn after_b(strategy: Strategy, restart: Restart, failed: bool) -> Vec<Fact> {
    let restarts = match restart {
        Permanent => true,
        Transient => failed,
        Temporary => false,
    };
    match strategy {
        _ if !restarts => vec![Ended("b")],
        Strategy::OneForOne => vec![Ended("b"), Began("b")],
        // `c` is temporary: it goes with its siblings and does not come back.
        Strategy::RestForOne => {
            vec![Ended("b"), Ended("d"), Ended("c"), Began("b"), Began("d")]
        }
        Strategy::OneForAll => {
            vec![Ended("b"), Ended("d"), Ended("c"), Ended("a"), Began("a"), Began("b"), Began("d")]
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_strategy_and_restart_type_does_to_the_siblings_what_otp_does() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        for restart in [Permanent, Transient, Temporary] {
            for order in [Order::Panic, Order::Fail, Order::Stop] {
                let mut stage = Stage::new().await;
                let children = vec![
                    stage.child("a", Permanent),
                    stage.child("b", restart),
                    stage.child("c", Temporary),
                    stage.child("d", Transient),
                ];
                let running = Running::start(spec(strategy), children).await;
                let mut alive = vec!["a", "b", "c", "d"];
                stage.expect(alive.iter().map(|name| Began(name))).await;

                stage.order("b", order);

                let facts = after_b(strategy, restart, order != Order::Stop);
                println!("{strategy:?} {restart:?} {order:?}: {facts:?}");
                stage.expect(facts.iter().copied()).await;
                let gone = |name| facts.contains(&Ended(name)) && !facts.contains(&Began(name));
                alive.retain(|name| !gone(name));
                running.stop().await;
                stage.expect(alive.iter().rev().map(|name| Ended(name))).await;
                stage.expect_nothing().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_that_ended_well_comes_back_with_its_siblings() {
    let mut stage = Stage::new().await;
    let children = vec![stage.child("a", Permanent), stage.child("b", Transient)];
    let running = Running::start(spec(Strategy::RestForOne), children).await;
    stage.expect([Began("a"), Began("b")]).await;
    stage.order("b", Order::Stop);
    stage.expect([Ended("b")]).await;

    stage.order("a", Order::Panic);

    stage.expect([Ended("a"), Began("a"), Began("b")]).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_child_has_failed() {
    let mut stage = Stage::new().await;
    let children = vec![stage.child("a", Transient), stage.child("b", Transient)];
    let running = Running::start(spec(Strategy::OneForOne), children).await;
    stage.expect([Began("a"), Began("b")]).await;

    stage.actor("a").kill();
    stage.expect([Ended("a"), Began("a")]).await;
    stage.order("b", Order::Deaf);
    stage.actor("b").kill();
    stage.expect([Ended("b"), Began("b")]).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_in_its_time_is_killed_and_the_next_one_stops_after_it() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a", "b"]);
    let running = Running::start(spec(Strategy::OneForOne), children).await;
    stage.expect([Began("a"), Began("b")]).await;
    stage.order("b", Order::Deaf);
    let asked = Instant::now();

    running.supervisor.stop(None);

    stage.expect([Ended("b")]).await;
    assert_eq!(asked.elapsed(), SHUTDOWN);
    stage.expect([Ended("a")]).await;
    assert_eq!(asked.elapsed(), SHUTDOWN);
    running.ended().await;
}

#[tokio::test(start_paused = true)]
async fn only_a_child_that_keeps_failing_young_waits_and_each_time_longer() {
    let mut stage = Stage::new().await;
    let spec = StaticSpec { backoff: BACKOFF, ..spec(Strategy::OneForOne) };
    let running = Running::start(spec, stage.permanent(&["a"])).await;
    stage.expect([Began("a")]).await;
    for (lived, wait) in [(300, 0), (10, 0), (10, 50), (10, 100), (10, 200), (300, 0), (10, 0)] {
        tokio::time::sleep(ms(lived)).await;
        stage.order("a", Order::Panic);
        stage.expect([Ended("a")]).await;
        let ended = Instant::now();
        stage.expect([Began("a")]).await;
        assert_eq!(ended.elapsed(), ms(wait), "after a life of {lived} ms");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_holds_one_child_back_looks_after_the_others() {
    let mut stage = Stage::new().await;
    let spec = StaticSpec { backoff: BACKOFF, ..spec(Strategy::OneForOne) };
    let running = Running::start(spec, stage.permanent(&["a", "b"])).await;
    stage.expect([Began("a"), Began("b")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Began("a")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a")]).await;
    let held_back = Instant::now();

    stage.order("b", Order::Panic);

    stage.expect([Ended("b"), Began("b")]).await;
    assert_eq!(held_back.elapsed(), ms(0));
    stage.expect([Began("a")]).await;
    assert_eq!(held_back.elapsed(), ms(50));
    running.stop().await;
    stage.expect([Ended("b"), Ended("a")]).await;
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_again_is_tried_again_and_those_behind_it_wait_for_it() {
    let mut stage = Stage::new().await;
    let spec = StaticSpec { backoff: BACKOFF, ..spec(Strategy::RestForOne) };
    let running = Running::start(spec, stage.permanent(&["a", "b", "c"])).await;
    stage.expect([Began("a"), Began("b"), Began("c")]).await;
    tokio::time::sleep(ms(1_000)).await;
    stage.refuse("b", 3);

    stage.order("a", Order::Panic);

    stage.expect([Ended("a"), Ended("c"), Ended("b"), Began("a")]).await;
    let began = Instant::now();
    for wait in [0, 0, 50] {
        stage.expect([Refused("b")]).await;
        assert_eq!(began.elapsed(), ms(wait));
    }
    stage.expect([Began("b"), Began("c")]).await;
    assert_eq!(began.elapsed(), ms(150));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_holds_a_child_back_stops_at_once() {
    let mut stage = Stage::new().await;
    let spec = StaticSpec { backoff: BACKOFF, ..spec(Strategy::OneForAll) };
    let running = Running::start(spec, stage.permanent(&["a", "b"])).await;
    stage.expect([Began("a"), Began("b")]).await;
    stage.order("b", Order::Panic);
    stage.expect([Ended("b"), Ended("a"), Began("a"), Began("b")]).await;
    stage.order("b", Order::Panic);
    stage.expect([Ended("b"), Ended("a")]).await;
    let asked = Instant::now();
    running.stop().await;
    assert_eq!(asked.elapsed(), ms(0));
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn what_stops_by_itself_has_its_time_too_when_its_supervisor_stops() {
    let mut stage = Stage::new().await;
    let running = Running::start(spec(Strategy::OneForOne), stage.permanent(&["a"])).await;
    stage.expect([Began("a")]).await;
    stage.order("a", Order::Linger);
    tokio::task::yield_now().await;
    let asked = Instant::now();
    running.supervisor.stop(None);
    stage.expect([Lingered("a"), Ended("a")]).await;
    assert_eq!(asked.elapsed(), LINGER);
    running.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_without_an_end_has_failed_after_a_while() {
    let mut stage = Stage::new().await;
    let never: Start = Arc::new(|_, _| Box::pin(std::future::pending()));
    let mut children = stage.permanent(&["a"]);
    children.push(child("b", Permanent, WITHIN, never));
    let begin = Instant::now();

    let family = family("top", spec(Strategy::OneForOne), children);
    let error = Actor::spawn(None, Supervisor, family).await.err().unwrap().to_string();

    assert!(error.contains("top/b does not start: it takes longer than 30s"), "{error}");
    stage.expect([Began("a"), Ended("a")]).await;
    assert_eq!(begin.elapsed(), ms(30_000));
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_later_takes_the_place_of_what_was_decided_before() {
    let mut stage = Stage::new().await;
    let backoff = Backoff { initial: ms(100), ..BACKOFF };
    let spec = StaticSpec { backoff, ..spec(Strategy::RestForOne) };
    let running = Running::start(spec, stage.permanent(&["a", "b"])).await;
    stage.expect([Began("a"), Began("b")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Ended("b"), Began("a"), Began("b")]).await;
    stage.order("b", Order::Panic);
    stage.expect([Ended("b"), Began("b")]).await;
    stage.order("b", Order::Panic);
    stage.expect([Ended("b")]).await;
    tokio::time::sleep(ms(50)).await;
    let begin = Instant::now();

    stage.order("a", Order::Panic);

    // Not after 50 ms, when `b` would have been started without the one that it depends on.
    stage.expect([Ended("a"), Began("a"), Began("b")]).await;
    assert_eq!(begin.elapsed(), ms(100));
    running.stop().await;
}
