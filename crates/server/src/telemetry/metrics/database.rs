//! What is measured of the database: its connections, and what becomes of calls to it.

use std::sync::{Arc, OnceLock};

use gamev1_persistence::Phase;
use opentelemetry::{KeyValue, metrics::Meter};

use super::{
    DATABASE_BREAKER, DATABASE_CALLS, DATABASE_CONNECTION_ATTEMPTS, DATABASE_CONNECTIONS,
    DATABASE_RETRIES, DATABASE_WAITING, Sources, counter, gauge,
};

pub(super) fn instruments(meter: &Meter, sources: &Arc<OnceLock<Sources>>) {
    let gauge = |name, read| gauge(meter, sources, name, read);
    gauge(DATABASE_CONNECTIONS, |from, to| {
        let condition = from.database.condition();
        to.observe(condition.idle, &[KeyValue::new("state", "idle")]);
        to.observe(condition.used, &[KeyValue::new("state", "used")]);
    });
    gauge(DATABASE_WAITING, |from, to| {
        for class in from.database.condition().classes {
            to.observe(class.waiting, &[KeyValue::new("class", class.class)]);
        }
    });
    gauge(DATABASE_BREAKER, |from, to| {
        for class in from.database.condition().classes {
            let phase = match class.breaker {
                Phase::Closed => 0,
                Phase::HalfOpen => 1,
                Phase::Open => 2,
            };
            to.observe(phase, &[KeyValue::new("class", class.class)]);
        }
    });
    let counter = |name, read| counter(meter, sources, name, read);
    counter(DATABASE_CALLS, |from, to| {
        for class in from.database.condition().classes {
            let results = [
                ("answered", class.answered),
                ("failed", class.failed),
                ("refused", class.refused),
            ];
            for (result, calls) in results {
                let labels = [KeyValue::new("class", class.class), KeyValue::new("result", result)];
                to.observe(calls, &labels);
            }
        }
    });
    counter(DATABASE_RETRIES, |from, to| to.observe(from.database.condition().retries, &[]));
    counter(DATABASE_CONNECTION_ATTEMPTS, |from, to| {
        to.observe(from.database.condition().attempts, &[]);
    });
}
