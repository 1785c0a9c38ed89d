//! Sessions as their clients see them, in a real tree: vault, lobby, rooms and supervisors; only the edge, the store
//! and the tokens are the test's own.

mod client;
mod endings;
mod faults;
mod joins;
mod requests;
mod restarts;
mod resume;
mod tree;
mod walk;
mod world;

use std::time::{Duration, SystemTime};

use gamev1_protocol::{CloseCode, Format, PlayerId, SignInId};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use self::{
    client::Client,
    world::{HEARD_BY, PATIENCE, World},
};
use super::{ResumeError, resume as take_up};
use crate::{ports::Identity, vault::Limits};
