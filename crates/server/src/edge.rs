//! The edge actor: opened last, shut first. It accepts on a listener that outlives it, so that a restarted edge goes
//! on where the last one stopped; connections that stand do not notice.

pub mod accept;
pub mod addresses;
pub mod connection;
#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use gamev1_actors::{
    panics,
    readiness::Readiness,
    registry::{ActorMeta, Kind},
    tree::{self, EdgeStart},
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// What must report ready for the edge.
pub const PART: &str = "edge";

/// Connections that wait in the kernel to be accepted: a crowd that comes back after a restart.
const BACKLOG: i32 = 4_096;
/// The kernel would let 4 MiB gather for one client that does not read, and 6 MiB from one that is not read.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;
/// A peer that acknowledges nothing for twice the heartbeat is gone.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_FOR: Duration =
    Duration::from_millis(2 * gamev1_protocol::limits::HEARTBEAT_MS);

/// What is done with a connection that was accepted.
pub trait Serve: Send + Sync + 'static {
    fn serve(&self, stream: TcpStream, peer: SocketAddr);
}

/// A listener, and what is done with its connections.
#[derive(Clone)]
pub struct Leaf {
    pub listener: Arc<TcpListener>,
    pub serve: Arc<dyn Serve>,
}

/// What the edge works with, whichever incarnation it is.
#[derive(Clone)]
pub struct Door {
    pub leaves: Vec<Leaf>,
    pub readiness: Readiness,
}

/// What the edge is called in the registry, and its messages.
pub const KIND: Kind = Kind::new("edge", &["ended", "crash"]);

pub struct EdgeActor;

pub enum EdgeMsg {
    /// The accept loop has ended although nobody asked it to.
    Ended,
    /// Panics, on order.
    Crash,
}

impl Actor for EdgeActor {
    type Msg = EdgeMsg;
    type State = AbortOnDropHandle<()>;
    type Arguments = (Door, Arc<ActorMeta>);

    async fn pre_start(
        &self,
        myself: ActorRef<EdgeMsg>,
        (door, meta): (Door, Arc<ActorMeta>),
    ) -> Result<AbortOnDropHandle<()>, ActorProcessingErr> {
        let me = myself.clone();
        meta.crash_with(move || drop(me.cast(EdgeMsg::Crash)));
        let accepting = accepting(door.clone(), move || drop(myself.cast(EdgeMsg::Ended)));
        door.readiness.set_ready(PART);
        Ok(accepting)
    }

    async fn handle(
        &self,
        _: ActorRef<EdgeMsg>,
        msg: EdgeMsg,
        _: &mut AbortOnDropHandle<()>,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            EdgeMsg::Ended => Err("the accept loop ended".into()),
            EdgeMsg::Crash => {
                panics::on_order();
                Ok(())
            }
        }
    }
}

/// Accepts until it is dropped. `ended` is called when it ends by itself: by a panic.
pub fn accepting(door: Door, ended: impl FnOnce() + Send + 'static) -> AbortOnDropHandle<()> {
    struct Tell<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Tell<F> {
        fn drop(&mut self) {
            if let Some(ended) = self.0.take() {
                ended();
            }
        }
    }
    let tell = Tell(Some(ended));
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge owns this task and aborts it with itself"
    )]
    let task = tokio::spawn(async move {
        let _tell = tell;
        let leaves = door.leaves.iter().map(|leaf| accept::run(&leaf.listener, &*leaf.serve));
        futures_util::future::join_all(leaves).await;
    });
    AbortOnDropHandle::new(task)
}

/// How the tree starts the edge.
pub fn start(door: Door) -> EdgeStart {
    let spawn = move |sup, meta| Actor::spawn_linked(None, EdgeActor, (door.clone(), meta), sup);
    EdgeStart { kind: &KIND, start: tree::started(spawn) }
}

/// Binds the listening socket; what is set here holds for every connection that it accepts.
///
/// # Errors
/// The address is taken, is not this machine's, or its port needs privileges.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait until the kernel has forgotten the last process's connections.
    socket.set_reuse_address(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_FOR))?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
