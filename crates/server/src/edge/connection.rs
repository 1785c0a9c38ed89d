//! One connection while it speaks HTTP: who may have it, how long it may be silent, how it ends. A WebSocket leaves
//! from here into a task of its own.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use gamev1_protocol::{ErrorCode, WireError};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{Serve, addresses::AddressPermit};
use crate::{
    address::{self, AddressKey},
    app::App,
    face::Face,
    gate::{self, Routes},
    problem::Problem,
    request_id::RequestId,
};

/// A connection says its first byte, and each request its last header, within this.
const HEADER_WITHIN: Duration = Duration::from_secs(5);
/// Requests that run when the server stops are given this.
const FINISH_WITHIN: Duration = Duration::from_secs(5);
const HEADER_BYTES_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 64;
/// hyper's least. Bodies pass through in pieces.
const BUFFER_BYTES_MAX: usize = 16 * 1024;
/// Connections beside the WebSockets: calls, health checks, pages.
const HTTP_CONNECTIONS_MAX: usize = 1_024;
/// Refusals that are being told at the same time; beyond it a connection is just dropped.
const REFUSALS_MAX: usize = 64;
const REFUSE_WITHIN: Duration = Duration::from_secs(1);

/// What a connection holds as long as it stands, as HTTP or as a WebSocket.
#[derive(Debug)]
pub struct Admission {
    proxied: bool,
    _connection: OwnedSemaphorePermit,
    _address: Option<AddressPermit>,
}

impl Admission {
    /// Whether the connection is a proxy's, so that its clients are not counted by its address.
    pub fn is_proxied(&self) -> bool {
        self.proxied
    }
}

/// Serves accepted connections with `routes`.
pub struct HttpServer<R> {
    app: Arc<App>,
    routes: R,
    face: Face,
    connections: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl<R> HttpServer<R> {
    pub fn new(app: Arc<App>, routes: R, face: Face) -> HttpServer<R> {
        let connections = app.config.connections_max + HTTP_CONNECTIONS_MAX;
        HttpServer {
            app,
            routes,
            face,
            connections: Arc::new(Semaphore::new(connections)),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        }
    }

    fn admit(&self, peer: SocketAddr) -> Result<Admission, WireError> {
        let connection = self.connections.clone().try_acquire_owned().map_err(|_| {
            let message = "this server has as many connections as it takes";
            WireError::new(ErrorCode::Overloaded, message).retry_after_ms(5_000)
        })?;
        // Behind a proxy many clients share its address; their WebSockets are counted at the upgrade.
        let proxied = address::is_proxy(&self.app.config.trusted_proxies, peer.ip());
        let address =
            if proxied { None } else { self.app.addresses.enter(AddressKey::of(peer.ip()))? };
        Ok(Admission { proxied, _connection: connection, _address: address })
    }
}

impl<R: Routes> Serve for HttpServer<R> {
    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        match self.admit(peer) {
            Ok(admission) => {
                let (app, routes) = (self.app.clone(), self.routes.clone());
                let came = (stream, peer, self.face);
                self.app.spawn(connection(app, routes, came, Arc::new(admission)));
            }
            Err(error) => {
                if let Ok(permit) = self.refusals.clone().try_acquire_owned() {
                    self.app.spawn(refuse(stream, error, permit));
                }
            }
        }
    }
}

async fn connection<R: Routes>(
    app: Arc<App>,
    routes: R,
    (stream, peer, face): (TcpStream, SocketAddr, Face),
    admission: Arc<Admission>,
) {
    // hyper's header timeout begins with the first byte.
    if !matches!(timeout(HEADER_WITHIN, stream.peek(&mut [0])).await, Ok(Ok(1..))) {
        return;
    }
    let closing = app.closing.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (app, routes) = (app.clone(), routes.clone());
        request.extensions_mut().insert(admission.clone());
        async move { Ok::<_, Infallible>(gate::answer(&app, face, peer.ip(), routes, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(FINISH_WITHIN, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Tells a client that there is no place for it. Its request is read, or the kernel would cut the answer off.
async fn refuse(mut stream: TcpStream, error: WireError, _permit: OwnedSemaphorePermit) {
    let telling = async {
        stream.readable().await?;
        let mut request = [0; 4096];
        // What cannot be read now is not waited for.
        let _ = stream.try_read(&mut request);
        let id = RequestId::new();
        stream.write_all(&plain(Problem::from(error).response(id.as_str()), id.as_str())).await?;
        stream.shutdown().await
    };
    // Whoever is gone or slow is not told.
    let _ = timeout(REFUSE_WITHIN, telling).await;
}

/// A response as it stands on the wire, for a connection that hyper does not serve.
fn plain(response: Response<Bytes>, id: &str) -> Vec<u8> {
    let status = response.status();
    let mut text =
        format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or(""));
    for (name, value) in response.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    let length = response.body().len();
    text.push_str(&format!(
        "x-request-id: {id}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    ));
    [text.as_bytes(), response.body()].concat()
}
