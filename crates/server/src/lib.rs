//! The server: HTTP and WebSockets at the edge, identities, limits, configuration, and the program that wires the
//! actors and the database to them.

pub mod address;
pub mod app;
pub mod auth;
pub mod body;
pub mod call;
pub mod config;
pub mod edge;
pub mod face;
pub mod gate;
pub mod idempotency;
pub mod limits;
pub mod logs;
pub mod openapi;
pub mod origin;
pub mod pages;
pub mod paging;
pub mod problem;
pub mod request_id;
pub mod room_list;
pub mod route_table;
pub mod routes;
pub mod run;
pub mod socket;
pub mod subprotocol;
pub mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
pub mod time;

pub use run::run;
