//! The threads that hash: one for each turn, with its own memory, and behind the others where cores are short, so that a
//! tick that comes due seldom waits for one of them.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::hashing::Memory;

/// How far they step back.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// See the module. Its jobs are as many as there are turns: whoever has none does not come here.
pub(super) struct Threads(Sender<Job>);

impl Threads {
    pub(super) fn start(count: usize) -> io::Result<Threads> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..count {
            let queue = queue.clone();
            thread::Builder::new().name(format!("hash-{n}")).spawn(move || run(&queue))?;
        }
        Ok(Threads(jobs))
    }

    /// What `work` comes to, once a thread has done it; `None` when it panicked. It is done whether or not anybody waits.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let job = move |memory: &mut Memory| drop(tell.send(work(memory)));
        self.0.send(Box::new(job)).ok()?;
        told.await.ok()
    }
}

/// Until nobody has jobs any more.
fn run(queue: &Mutex<Receiver<Job>>) {
    step_back();
    let mut memory = Memory::default();
    loop {
        // One waits for the next job, the others to be the one.
        let Ok(job) = queue.lock().recv() else { return };
        // The panic hook has told of it, and whoever waits finds that nobody will answer.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
    }
}

/// Linux has a priority for each thread, not each process (nice(2), "C library/kernel differences").
#[cfg(target_os = "linux")]
fn step_back() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "hashing has the priority of everything else");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}
