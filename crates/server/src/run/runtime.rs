//! The tokio runtime. Frames gather in the outboxes while a room finishes its round, and leave in one write; tokio's
//! LIFO slot would run each woken socket at once and make every frame a write of its own.

use std::{io, thread};

use tokio::runtime::{Builder, Runtime};

use crate::socket::SocketOptions;

pub struct Built {
    pub runtime: Runtime,
    pub socket_options: SocketOptions,
    /// For the start-up lines.
    pub kind: String,
}

/// # Errors
/// The system gives no threads.
pub fn build() -> io::Result<Built> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    if cores == 1 {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let kind = "one core, current-thread runtime".into();
        return Ok(Built { runtime, socket_options: SocketOptions::default(), kind });
    }
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(cores).enable_all();
    let how = gather(&mut builder);
    let yields = !cfg!(tokio_unstable);
    Ok(Built {
        runtime: builder.build()?,
        socket_options: SocketOptions { yield_before_write: yields },
        kind: format!("{cores} cores, multi-thread runtime {how}"),
    })
}

#[cfg(tokio_unstable)]
fn gather(builder: &mut Builder) -> &'static str {
    builder.disable_lifo_slot();
    "without the LIFO slot"
}

#[cfg(not(tokio_unstable))]
fn gather(_: &mut Builder) -> &'static str {
    "that yields before each write"
}

/// For a command that does one thing and ends.
///
/// # Errors
/// As [`build`].
pub fn small() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
