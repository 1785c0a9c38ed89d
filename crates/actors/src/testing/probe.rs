//! An actor that hands on what it gets, so that a test can read it.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, Message};
use tokio::sync::mpsc;

/// How long a test waits for a message: of paused time, so that it costs nothing, and a test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(60);

struct Forward<M>(std::marker::PhantomData<fn() -> M>);

impl<M: Message> Actor for Forward<M> {
    type Msg = M;
    type State = mpsc::UnboundedSender<M>;
    type Arguments = mpsc::UnboundedSender<M>;

    async fn pre_start(
        &self,
        _: ActorRef<M>,
        to: mpsc::UnboundedSender<M>,
    ) -> Result<mpsc::UnboundedSender<M>, ActorProcessingErr> {
        Ok(to)
    }

    async fn handle(
        &self,
        _: ActorRef<M>,
        msg: M,
        to: &mut mpsc::UnboundedSender<M>,
    ) -> Result<(), ActorProcessingErr> {
        // A test that has ended reads no more.
        let _ = to.send(msg);
        Ok(())
    }
}

/// See the module.
pub struct Probe<M: Message> {
    actor: ActorRef<M>,
    messages: mpsc::UnboundedReceiver<M>,
}

impl<M: Message> Probe<M> {
    /// # Panics
    /// The actor does not start.
    #[expect(clippy::expect_used, reason = "a probe fails the test that it serves")]
    pub async fn spawn() -> Probe<M> {
        let (to, messages) = mpsc::unbounded_channel();
        let spawned = Actor::spawn(None, Forward(std::marker::PhantomData), to).await;
        Probe { actor: spawned.expect("a probe starts").0, messages }
    }

    pub fn actor(&self) -> ActorRef<M> {
        self.actor.clone()
    }

    /// The next message.
    ///
    /// # Panics
    /// None comes.
    #[expect(clippy::expect_used, reason = "a probe fails the test that it serves")]
    pub async fn recv(&mut self) -> M {
        let next = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        next.ok().flatten().expect("a message within a minute")
    }

    /// # Panics
    /// A message comes within that time.
    #[expect(clippy::panic, reason = "a probe fails the test that it serves")]
    pub async fn assert_silent_for(&mut self, time: Duration) {
        if tokio::time::timeout(time, self.messages.recv()).await.is_ok() {
            panic!("expected silence for {time:?}, got a message");
        }
    }
}
