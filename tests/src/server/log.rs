//! What a server under test prints, kept so that a test can wait for a line and a failure can show the last ones.

use std::{
    io::{BufRead, BufReader, Read},
    sync::Arc,
};

use tokio::{sync::watch, time::timeout};

use crate::BOUND;

#[derive(Clone)]
pub(crate) struct Log(Arc<watch::Sender<Vec<String>>>);

impl Log {
    pub(super) fn new() -> Log {
        Log(Arc::new(watch::Sender::new(Vec::new())))
    }

    /// Keeps what `pipe` brings until it ends.
    pub(super) fn read(&self, pipe: impl Read + Send + 'static) {
        let log = self.0.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                log.send_modify(|lines| lines.push(line));
            }
        });
    }

    pub(super) fn clear(&self) {
        self.0.send_modify(Vec::clear);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// The first thing that `find` makes of a line.
    pub(super) async fn find<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let mut lines = self.0.subscribe();
        let look = async {
            loop {
                let found = lines.borrow_and_update().iter().find_map(|line| find(line));
                match found {
                    Some(found) => return found,
                    // The sender lives as long as `self`.
                    None => drop(lines.changed().await),
                }
            }
        };
        match timeout(BOUND, look).await {
            Ok(found) => found,
            Err(_) => panic!("waited {BOUND:?} for {what}; the server said:\n{}", self.last(60)),
        }
    }

    pub(super) fn last(&self, n: usize) -> String {
        let lines = self.0.borrow();
        lines[lines.len().saturating_sub(n)..].join("\n")
    }
}
