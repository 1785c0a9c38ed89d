//! `GET /ws`: from a request to a WebSocket. Everything that may be refused is refused before the upgrade; the socket
//! then lives in a task of its own, and the connection's HTTP buffers are gone.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use gamev1_actors::{
    observe::SpanRef,
    ports::ResumeClaim,
    session::{self, OpenSession, Opened},
    vault::SocketPermit,
};
use gamev1_protocol::{CloseCode, ErrorCode, Format, PlayerId, WireError};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit, time::timeout};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::answer::Answer;
use crate::{
    app::{App, SERVER, Services},
    auth::authenticator::Verified,
    call::Call,
    edge::{addresses::AddressPermit, connection::Admission},
    problem::Problem,
    socket,
    subprotocol::{self, OfferedCredential},
    telemetry::traces,
};

/// From the response to the first byte of the WebSocket.
const UPGRADE_WITHIN: Duration = Duration::from_secs(5);
/// A resumed session's former socket lets go of its place within an instant.
const PLACE_TRIES: u32 = 20;

/// What an upgrade needs to know of its request.
pub struct Handshake {
    pub headers: HeaderMap,
    pub query: HashMap<String, String>,
    pub on_upgrade: Option<OnUpgrade>,
    pub admission: Option<Arc<Admission>>,
}

/// What a socket holds as long as it stands.
struct Place {
    _socket: OwnedSemaphorePermit,
    _address: Option<AddressPermit>,
    _connection: Option<Arc<Admission>>,
}

/// What the socket is to serve.
enum Start {
    New(OpenSession),
    Resumed(Opened),
}

pub async fn upgrade(app: Arc<App>, call: Call, handshake: Box<Handshake>) -> Answer {
    let Handshake { headers, query, on_upgrade, admission } = *handshake;
    let accept = accept_key(&headers)?;
    let on_upgrade = on_upgrade.ok_or_else(|| bad_handshake("Connection: Upgrade"))?;
    origin_admitted(&app, &call)?;
    let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offer = subprotocol::negotiate(protocols.iter().filter_map(|value| value.to_str().ok()))?;
    let services = app.services()?;

    let (start, permit) = match offer.credential {
        Some(OfferedCredential::Resume(token)) => {
            app.limits.connect(call.address())?;
            // A token is used up once: not for a socket that then finds no place.
            if app.sockets.available_permits() == 0 {
                return Err(full(&app));
            }
            resume(services, &token, received(&query)?, offer.format).await?
        }
        credential => {
            let verified = identify(&app, &call, services, credential).await?;
            services.vault.not_banned(verified.player.id)?;
            let permit = services.vault.admit(verified.player.id)?;
            let (identity, server) = (verified.identity(), SERVER.into());
            (Start::New(OpenSession { identity, format: offer.format, server }), permit)
        }
    };
    let place = place(&app, &call, admission)?;
    let traceparent = headers.get("traceparent").and_then(|value| value.to_str().ok());
    let traceparent = traceparent.and_then(traces::traceparent);
    app.spawn(serve(app.clone(), on_upgrade, start, permit, place, traceparent));
    Ok(switching(&accept, offer.named.then_some(offer.format)))
}

/// Serves the socket once hyper has let go of it.
async fn serve(
    app: Arc<App>,
    on_upgrade: OnUpgrade,
    start: Start,
    permit: SocketPermit,
    place: Place,
    traceparent: Option<SpanRef>,
) {
    // The client may be gone before it was answered.
    let Ok(Ok(upgraded)) = timeout(UPGRADE_WITHIN, on_upgrade).await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        tracing::error!("an upgraded connection is of an unknown type");
        return;
    };
    let Ok(services) = app.services() else { return };
    let opened = match start {
        Start::New(open) => session::open(&services.vault, open).await,
        Start::Resumed(opened) => opened,
    };
    opened.session.set_traceparent(traceparent);
    if app.readiness.draining() {
        // Those who were here when the stop began have been told; this one came just behind.
        opened.session.outbox.close(CloseCode::GoingAway, None);
    }
    let (stream, early) = (parts.io.into_inner(), parts.read_buf.to_vec());
    let options = app.socket_options;
    // hyper's read buffer would stay as long as the socket does.
    drop(parts.read_buf);
    drop(app);
    socket::run(stream, early, opened, permit, options).await;
    drop(place);
}

/// Who opens a new session, by ticket or bearer token.
async fn identify(
    app: &App,
    call: &Call,
    services: &Services,
    credential: Option<OfferedCredential>,
) -> Result<Verified, Problem> {
    let now = SystemTime::now();
    match credential {
        Some(OfferedCredential::Ticket(ticket)) => {
            // What held when the ticket was given may have ended since.
            let Verified { claims, .. } = services.tickets.redeem(&ticket, now)?;
            Ok(services.authenticator.confirm(claims, now).await?)
        }
        _ => {
            app.limits.connect(call.address())?;
            call.player(app).await
        }
    }
}

/// Takes up the session that a resume token names.
async fn resume(
    services: &Services,
    token: &str,
    received: u64,
    format: Format,
) -> Result<(Start, SocketPermit), Problem> {
    let now = SystemTime::now();
    let claim = services.resume_key.read(token, now)?;
    services.vault.not_banned(claim.player)?;
    let ResumeClaim { player, sign_in, epoch, .. } = claim;
    if !services.authenticator.stands(player, sign_in, epoch, now).await? {
        let message = "the sign-in of this session has ended";
        return Err(Problem::new(ErrorCode::ResumeUnknown, message));
    }
    let opened = session::resume(&services.vault, claim, received, format, SERVER.into()).await;
    let opened = opened.map_err(|error| {
        Problem::new(error.code(), "the session of this resume token cannot be taken up")
    })?;
    let mut tries = 0;
    loop {
        match services.vault.admit(claim.player) {
            Ok(permit) => return Ok((Start::Resumed(opened), permit)),
            Err(error) if tries == PLACE_TRIES => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
        tries += 1;
    }
}

/// # Errors
/// `origin_refused`.
pub fn origin_admitted(app: &App, call: &Call) -> Result<(), Problem> {
    if app.origins.admits_socket(call.origin()) {
        return Ok(());
    }
    let origin: String = call.origin().unwrap_or_default().chars().take(100).collect();
    let detail = format!("pages of {origin:?} may not open sockets here (see --origins)");
    Err(Problem::new(ErrorCode::OriginRefused, detail))
}

/// Whether an upgrade by `player` would find a place.
///
/// # Errors
/// `banned`, `too_many_sockets` or `overloaded`.
pub fn would_admit(app: &App, call: &Call, player: PlayerId) -> Result<(), Problem> {
    let vault = &app.services()?.vault;
    vault.not_banned(player)?;
    let (open, max) = (vault.sockets_of(player), vault.limits.sockets_per_player);
    if open >= max {
        let message = format!("this player has {open} sockets open, {max} are allowed");
        let error = WireError::new(ErrorCode::TooManySockets, message);
        return Err(error.retry_after_ms(1_000).into());
    }
    app.addresses.would_enter(call.address())?;
    if app.sockets.available_permits() == 0 {
        return Err(full(app));
    }
    Ok(())
}

fn place(app: &App, call: &Call, connection: Option<Arc<Admission>>) -> Result<Place, Problem> {
    let socket = app.sockets.clone().try_acquire_owned().map_err(|_| full(app))?;
    // A connection of one's own was counted when it was accepted; one through a proxy is counted here.
    let proxied = connection.as_ref().is_none_or(|connection| connection.is_proxied());
    let address = if proxied { app.addresses.enter(call.address())? } else { None };
    Ok(Place { _socket: socket, _address: address, _connection: connection })
}

fn full(app: &App) -> Problem {
    let max = app.config.connections_max;
    let message = format!("this server has {max} sockets open, as many as it takes");
    WireError::new(ErrorCode::Overloaded, message).retry_after_ms(5_000).into()
}

/// The client's count of frames received, for a resume.
fn received(query: &HashMap<String, String>) -> Result<u64, Problem> {
    let Some(received) = query.get("received") else { return Ok(0) };
    received.parse().map_err(|_| {
        let got: String = received.chars().take(32).collect();
        Problem::bad_request("/received", "a count of frames", &got)
    })
}

/// Checks the handshake (RFC 6455 4.2.1) and makes the answer to its key.
fn accept_key(headers: &HeaderMap) -> Result<String, Problem> {
    let has = |name: HeaderName, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    };
    if !has(header::UPGRADE, "websocket") {
        return Err(bad_handshake("Upgrade: websocket"));
    }
    if !has(header::CONNECTION, "upgrade") {
        return Err(bad_handshake("Connection: Upgrade"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let problem = bad_handshake("Sec-WebSocket-Version: 13");
        return Err(problem.header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")));
    }
    // 16 bytes in base64.
    match headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes) {
        Some(key) if key.len() == 24 && key.ends_with(b"==") => Ok(derive_accept_key(key)),
        _ => Err(bad_handshake("a Sec-WebSocket-Key of 16 bytes in base64")),
    }
}

fn bad_handshake(expected: &str) -> Problem {
    Problem::new(ErrorCode::BadRequest, format!("expected a WebSocket handshake: {expected}"))
}

fn switching(accept: &str, format: Option<Format>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(format) = format {
        let format = HeaderValue::from_static(format.subprotocol());
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, format);
    }
    response
}
