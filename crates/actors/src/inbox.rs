//! A bounded queue that outlives its actor. What clients send waits here and not in a mailbox, which has no bound
//! and dies with a panic. The vault owns it, the actor borrows it.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Tells the actor that something is here: posts one message to its mailbox.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// What [`Inbox::push`] hands back when the queue is full.
#[derive(Debug, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// See the module. `T` is cheap to clone: the item that is being handled is kept beside, so that the next incarnation
/// knows what the last one died of.
pub struct Inbox<T> {
    capacity: usize,
    inner: Mutex<Inner<T>>,
    space: Notify,
}

struct Inner<T> {
    queue: VecDeque<T>,
    current: Option<T>,
    wake: Option<Wake>,
    /// Whether a wake-up is on its way or the actor is at work: at most one waits in the mailbox.
    awake: bool,
    closed: bool,
    depth_max: usize,
}

impl<T: Clone> Inbox<T> {
    pub fn new(capacity: usize) -> Inbox<T> {
        let inner = Inner {
            queue: VecDeque::new(),
            current: None,
            wake: None,
            awake: false,
            closed: false,
            depth_max: 0,
        };
        Inbox { capacity, inner: Mutex::new(inner), space: Notify::new() }
    }

    /// Appends an item and wakes the actor.
    ///
    /// # Errors
    /// Gives the item back when the queue is full or closed.
    pub fn push(&self, item: T) -> Result<(), Full<T>> {
        self.append(item, self.capacity, true)
    }

    /// Appends an item of a kind that has places of its own beyond the others'.
    ///
    /// # Errors
    /// Gives the item back when `places` items wait or the queue is closed.
    pub fn push_up_to(&self, item: T, places: usize) -> Result<(), Full<T>> {
        self.append(item, places, true)
    }

    /// Appends an item that can wait for the actor's next round.
    ///
    /// # Errors
    /// Gives the item back when the queue is full or closed.
    pub fn push_quiet(&self, item: T) -> Result<(), Full<T>> {
        self.append(item, self.capacity, false)
    }

    /// Appends an item that must not be lost and of which there are few by its nature (one leave a member).
    pub fn push_always(&self, item: T) {
        let _ = self.append(item, usize::MAX, true);
    }

    fn append(&self, item: T, capacity: usize, wake: bool) -> Result<(), Full<T>> {
        let mut inner = self.inner.lock();
        if inner.closed || inner.queue.len() >= capacity {
            return Err(Full(item));
        }
        inner.queue.push_back(item);
        inner.depth_max = inner.depth_max.max(inner.queue.len());
        if wake && !inner.awake {
            inner.wake();
        }
        Ok(())
    }

    /// Wakes the actor for something that waits elsewhere.
    pub fn nudge(&self) {
        let mut inner = self.inner.lock();
        if !inner.awake {
            inner.wake();
        }
    }

    /// Moves the head into `current` and gives a copy of it. `None`: nothing waits, and the next push wakes again.
    pub fn begin(&self) -> Option<T> {
        let mut inner = self.inner.lock();
        let Some(item) = inner.queue.pop_front() else {
            inner.awake = false;
            return None;
        };
        if inner.queue.len() + 1 == self.capacity {
            self.space.notify_one();
        }
        inner.current = Some(item.clone());
        Some(item)
    }

    /// The current item is applied: it will not be looked at again.
    pub fn commit(&self) {
        self.inner.lock().current = None;
    }

    /// A copy of what is being handled, or was when the last incarnation ended. It stays until it is committed.
    pub fn current(&self) -> Option<T> {
        self.inner.lock().current.clone()
    }

    /// Drops what waits, as if it had never come.
    pub fn clear(&self) {
        self.inner.lock().queue.clear();
        self.space.notify_one();
    }

    /// What was being handled when the last incarnation ended, if anything.
    pub fn take_current(&self) -> Option<T> {
        self.inner.lock().current.take()
    }

    /// A new incarnation takes over. It looks into the queue by itself first.
    pub fn attach(&self, wake: Wake) {
        let mut inner = self.inner.lock();
        inner.wake = Some(wake);
        inner.awake = true;
    }

    /// A copy of the first `n` items, which stay until [`Inbox::drop_front`]. For an actor that handles batches.
    pub fn peek(&self, n: usize) -> Vec<T> {
        let mut inner = self.inner.lock();
        if inner.queue.is_empty() {
            inner.awake = false;
        }
        inner.queue.iter().take(n).cloned().collect()
    }

    /// A copy of all that waits, for those who only look.
    pub fn copy(&self) -> Vec<T> {
        self.inner.lock().queue.iter().cloned().collect()
    }

    pub fn drop_front(&self, n: usize) {
        let mut inner = self.inner.lock();
        let n = n.min(inner.queue.len());
        inner.queue.drain(..n);
        drop(inner);
        self.space.notify_one();
    }

    /// Takes out everything that waits and takes nothing more: the owner is gone for good.
    pub fn close(&self) -> Vec<T> {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.wake = None;
        let rest = inner.queue.drain(..).collect();
        drop(inner);
        self.space.notify_one();
        rest
    }

    /// How many items wait that `count` counts.
    pub fn count(&self, count: impl Fn(&T) -> bool) -> usize {
        self.inner.lock().queue.iter().filter(|item| count(item)).count()
    }

    /// Waits until there is space for one more. One waiter at a time.
    pub async fn space(&self) {
        while self.depth() >= self.capacity {
            self.space.notified().await;
        }
    }

    pub fn depth(&self) -> usize {
        self.inner.lock().queue.len()
    }

    /// The deepest that the queue has been.
    pub fn depth_max(&self) -> usize {
        self.inner.lock().depth_max
    }
}

impl<T> Inner<T> {
    fn wake(&mut self) {
        if let Some(wake) = &self.wake {
            self.awake = true;
            wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    fn inbox(capacity: usize) -> (Inbox<u32>, Arc<AtomicUsize>) {
        let inbox = Inbox::new(capacity);
        let wakes = Arc::new(AtomicUsize::new(0));
        let counter = wakes.clone();
        inbox.attach(Box::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        assert_eq!(inbox.begin(), None);
        (inbox, wakes)
    }

    #[test]
    fn a_full_inbox_gives_the_item_back() {
        let (inbox, _) = inbox(2);
        assert_eq!(inbox.push(1), Ok(()));
        assert_eq!(inbox.push(2), Ok(()));
        assert_eq!(inbox.push(3), Err(Full(3)));
        assert_eq!((inbox.depth(), inbox.depth_max()), (2, 2));
    }

    #[test]
    fn an_actor_is_woken_once_until_it_has_found_the_inbox_empty() {
        let (inbox, wakes) = inbox(8);
        let woken = |n| assert_eq!(wakes.load(Ordering::Relaxed), n);
        inbox.push_quiet(0).unwrap();
        woken(0);
        inbox.push(1).unwrap();
        inbox.push(2).unwrap();
        woken(1);
        while inbox.begin().is_some() {
            inbox.commit();
        }
        inbox.push(3).unwrap();
        woken(2);
    }

    #[test]
    fn the_next_incarnation_finds_what_the_last_one_died_of_and_all_behind_it() {
        let (inbox, _) = inbox(8);
        for item in 1..=3 {
            inbox.push(item).unwrap();
        }
        assert_eq!(inbox.begin(), Some(1));
        inbox.commit();
        assert_eq!(inbox.begin(), Some(2));
        inbox.attach(Box::new(|| {}));
        assert_eq!(inbox.take_current(), Some(2));
        assert_eq!(inbox.begin(), Some(3));
    }
}
