//! What a supervisor needs to know of itself and of a child.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ractor::{ActorCell, SpawnErr, concurrency::JoinHandle};

use super::{Backoff, Restart, RestartLimit, Strategy};
use crate::registry::{ActorMeta, Gauge, Kind};

/// A child that has been started: its cell, and what ends when all that it held is dropped.
pub type Started = (ActorCell, JoinHandle<()>);

/// Starts a child, linked under the supervisor given, which notes in the meta what it does. Called again for each
/// incarnation.
pub type Start = Arc<
    dyn Fn(ActorCell, Arc<ActorMeta>) -> BoxFuture<'static, Result<Started, SpawnErr>>
        + Send
        + Sync,
>;

/// How a child is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// It is not asked.
    BrutalKill,
    /// It is asked, and killed when it takes longer.
    Within(Duration),
}

/// What the supervision file says of a child of a static supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub restart: Restart,
    pub shutdown: Shutdown,
}

/// One child of a static supervisor.
#[derive(Clone)]
pub struct ChildSpec {
    pub name: &'static str,
    pub kind: &'static Kind,
    pub restart: Restart,
    /// Of a supervisor, for those who look at the tree.
    pub strategy: Option<&'static str>,
    pub shutdown: Shutdown,
    pub inbox: Option<Gauge>,
    pub start: Start,
}

/// A static supervisor's own numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StaticSpec {
    pub strategy: Strategy,
    pub limit: RestartLimit,
    pub backoff: Backoff,
}

/// A dynamic supervisor's numbers, which hold for each child by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DynamicSpec {
    pub restart: Restart,
    pub limit: RestartLimit,
    pub backoff: Backoff,
    pub shutdown: Shutdown,
    /// How long the name of a child that has spent its budget is kept apart.
    pub quarantine: Duration,
}
