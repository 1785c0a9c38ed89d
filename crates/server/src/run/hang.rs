//! The end of a process that hangs: nothing can be asked of the runtime any more, so a plain thread writes down what the
//! vault holds and ends the process. Whoever supervises it starts the next one, which reads that first.

use std::{
    process,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use gamev1_actors::{
    ports::Spool,
    shutdown,
    vault::Vault,
    watchdog::{self, Watchdog},
};
use tokio::runtime::Handle;

use super::Exit;

/// A thread that hangs may hold what is to be written; the process ends all the same.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// Watches over the actors until the process ends.
///
/// # Errors
/// The system gives no thread.
pub fn watch(vault: &Arc<Vault>, spool: Arc<dyn Spool>) -> std::io::Result<Watchdog> {
    let kept = vault.clone();
    watchdog::start(vault.clone(), Handle::current(), move |why| end(kept, spool, why))
}

fn end(vault: Arc<Vault>, spool: Arc<dyn Spool>, why: &str) {
    tracing::error!(why, "the process hangs and is ended");
    let (tell, told) = mpsc::channel();
    let write = move || {
        let everything = shutdown::everything(&vault);
        let (rooms, sessions) = (everything.rooms.len(), everything.sessions.len());
        let written = spool.write(&everything);
        // Nobody waits any more when it took too long.
        let _ = tell.send((rooms, sessions, written));
    };
    let writing = thread::Builder::new().name("spool".into()).spawn(write);
    match writing.map(|_| told.recv_timeout(WRITTEN_WITHIN)) {
        Ok(Ok((rooms, sessions, Ok(())))) => {
            tracing::error!(rooms, sessions, "everything is spooled");
        }
        Ok(Ok((_, _, Err(error)))) | Err(error) => {
            tracing::error!(%error, "the spool cannot be written: what was not stored is lost");
        }
        Ok(Err(_)) => tracing::error!("the spool was not written in time"),
    }
    // Not by returning from main, which nobody is left to do; destructors would wait for the threads that hang.
    process::exit(Exit::GaveUp.code());
}
