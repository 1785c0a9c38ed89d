//! Giving up: a supervisor that restarts too often ends, and its own supervisor decides.

use super::*;
use crate::registry::State;

const TWICE_IN_5_S: RestartLimit = RestartLimit { intensity: 2, period: ms(5_000) };

fn limited(strategy: Strategy, limit: RestartLimit) -> StaticSpec {
    StaticSpec { limit, ..spec(strategy) }
}

#[tokio::test(start_paused = true)]
async fn the_restart_after_the_last_allowed_one_ends_the_supervisor_with_all_children() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a", "b", "c"]);
    let running = Running::start(limited(Strategy::OneForOne, TWICE_IN_5_S), children).await;
    stage.expect([Began("a"), Began("b"), Began("c")]).await;
    for name in ["a", "c"] {
        stage.order(name, Order::Panic);
        stage.expect([Ended(name), Began(name)]).await;
    }

    stage.order("b", Order::Panic);

    stage.expect([Ended("b"), Ended("c"), Ended("a")]).await;
    running.ended().await;
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn restarts_further_apart_than_the_period_do_not_add_up() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a"]);
    let running = Running::start(limited(Strategy::OneForOne, TWICE_IN_5_S), children).await;
    stage.expect([Began("a")]).await;
    for _ in 0..10 {
        stage.order("a", Order::Panic);
        stage.expect([Ended("a"), Began("a")]).await;
        tokio::time::sleep(ms(2_501)).await;
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_taken_down_together_counts_as_one_restart() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a", "b", "c"]);
    let running = Running::start(limited(Strategy::OneForAll, TWICE_IN_5_S), children).await;
    stage.expect([Began("a"), Began("b"), Began("c")]).await;
    for _ in 0..2 {
        stage.order("c", Order::Panic);
        stage.expect([Ended("c"), Ended("b"), Ended("a")]).await;
        stage.expect([Began("a"), Began("b"), Began("c")]).await;
    }
    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Ended("c"), Ended("b")]).await;
    running.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_never_restarted_counts_for_nothing() {
    let mut stage = Stage::new().await;
    let never = RestartLimit { intensity: 0, ..TWICE_IN_5_S };
    let children = vec![
        stage.child("a", Restart::Temporary),
        stage.child("b", Restart::Transient),
        stage.child("c", Restart::Permanent),
    ];
    let running = Running::start(limited(Strategy::OneForOne, never), children).await;
    stage.expect([Began("a"), Began("b"), Began("c")]).await;
    stage.order("a", Order::Panic);
    stage.order("b", Order::Stop);
    stage.expect([Ended("a"), Ended("b")]).await;
    running.stop().await;
    stage.expect([Ended("c")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gave_up_is_made_anew_by_its_own_with_those_behind_it() {
    let mut stage = Stage::new().await;
    let inner =
        nested("inner", limited(Strategy::OneForOne, TWICE_IN_5_S), stage.permanent(&["a", "b"]));
    let mut children = stage.permanent(&["before"]);
    children.push(inner);
    children.extend(stage.permanent(&["behind"]));
    let running = Running::start(limited(Strategy::RestForOne, TWICE_IN_5_S), children).await;
    stage.expect([Began("before"), Began("a"), Began("b"), Began("behind")]).await;
    for round in 0..2 {
        for _ in 0..2 {
            stage.order("a", Order::Panic);
            stage.expect([Ended("a"), Began("a")]).await;
        }
        println!("round {round}");
        stage.order("a", Order::Panic);
        stage.expect([Ended("a"), Ended("b"), Ended("behind")]).await;
        stage.expect([Began("a"), Began("b"), Began("behind")]).await;
    }
    for _ in 0..2 {
        stage.order("a", Order::Panic);
        stage.expect([Ended("a"), Began("a")]).await;
    }

    // The outer one has its two restarts behind it.
    stage.order("a", Order::Panic);

    stage.expect([Ended("a"), Ended("b"), Ended("behind"), Ended("before")]).await;
    running.ended().await;
    stage.expect_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn starts_that_fail_spend_the_budget_too() {
    let mut stage = Stage::new().await;
    let children = stage.permanent(&["a", "b"]);
    let running = Running::start(limited(Strategy::OneForOne, TWICE_IN_5_S), children).await;
    stage.expect([Began("a"), Began("b")]).await;
    stage.refuse("a", u32::MAX);

    stage.order("a", Order::Panic);

    stage.expect([Ended("a"), Refused("a"), Refused("a"), Ended("b")]).await;
    running.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_stops_in_time_stops_its_children_before_it_ends() {
    let mut stage = Stage::new().await;
    let inner = nested("inner", spec(Strategy::OneForOne), stage.permanent(&["a", "b"]));
    let mut children = stage.permanent(&["before"]);
    children.push(inner);
    let running = Running::start(spec(Strategy::OneForOne), children).await;
    stage.expect([Began("before"), Began("a"), Began("b")]).await;
    stage.order("a", Order::Deaf);

    running.stop().await;

    stage.expect([Ended("b"), Ended("a"), Ended("before")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_transient_supervisor_that_gave_up_stays_away_and_one_that_crashed_comes_back() {
    let mut stage = Stage::new().await;
    let once = RestartLimit { intensity: 1, ..TWICE_IN_5_S };
    let inner = nested("inner", limited(Strategy::OneForOne, once), stage.permanent(&["a"]));
    let inner = ChildSpec { restart: Restart::Transient, ..inner };
    let mut children = vec![inner];
    children.extend(stage.permanent(&["b"]));
    let family = family("top", limited(Strategy::RestForOne, TWICE_IN_5_S), children);
    let registry = family.registry.clone();
    let (supervisor, handle) = Actor::spawn(None, Supervisor, family).await.unwrap();
    stage.expect([Began("a"), Began("b")]).await;

    assert!(registry.named("inner").unwrap().crash());
    stage.expect([Ended("a"), Ended("b"), Began("a"), Began("b")]).await;

    stage.order("a", Order::Panic);
    stage.expect([Ended("a"), Began("a")]).await;
    stage.order("a", Order::Panic);
    stage.expect([Ended("a")]).await;
    stage.expect_nothing().await;
    assert_eq!(registry.named("inner").unwrap().state(), State::Stopped);
    let incident = &registry.incidents()[0];
    let told = (incident.decision.word(), incident.reason.as_str());
    assert_eq!(told, ("stop", "shutdown: more than 1 restarts in 5s"));
    Running { supervisor, handle }.stop().await;
    stage.expect([Ended("b")]).await;
}
