//! The signals that ask the server to stop, or to read its keys again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP: read the keys again.
///
/// # Errors
/// The system does not let this process listen.
pub fn hangup() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// From the first moment on it is no reason to end.
    _hangup: Signal,
}

impl Signals {
    /// # Errors
    /// The system does not let this process listen.
    pub fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _hangup: hangup()?,
        })
    }

    /// SIGTERM or SIGINT: stop in order.
    pub async fn stop(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// SIGINT: stop at once.
    pub async fn interrupt(&mut self) {
        // The stream of a signal has no end.
        let _ = self.interrupt.recv().await;
    }
}
