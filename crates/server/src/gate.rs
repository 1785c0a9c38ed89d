//! What every request passes before its route, and every response after it: dev-mode guards, readiness, rates, CORS,
//! the request's id, problems written down. Panics in a route end here.

pub mod guard;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, error::Error, net::IpAddr, panic::AssertUnwindSafe};

use bytes::Bytes;
use futures_util::FutureExt;
use gamev1_protocol::ErrorCode;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    service::Service,
};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    address::{self, AddressKey},
    app::App,
    call::Call,
    face::Face,
    logs, pages,
    problem::Problem,
    request_id::RequestId,
    route_table,
    telemetry::traces,
};

/// What a client may send and read across origins.
const CORS_HEADERS: &str = "authorization, content-type, idempotency-key, traceparent";
const CORS_EXPOSED: &str = "x-request-id, retry-after, ratelimit, ratelimit-policy";
const CORS_MAX_AGE_S: &str = "600";

/// The routes behind the gate.
pub trait Routes: Clone + Send + Sync + 'static {
    type Body: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + From<Bytes>
        + Send
        + 'static;

    fn call(&self, request: Request<Incoming>)
    -> impl Future<Output = Response<Self::Body>> + Send;
}

impl<S, B> Routes for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    B: From<Bytes> + Send + 'static,
{
    type Body = B;

    async fn call(&self, request: Request<Incoming>) -> Response<B> {
        match Service::call(self, request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Answers one request.
pub async fn answer<R: Routes>(
    app: &App,
    face: Face,
    peer: IpAddr,
    routes: R,
    mut request: Request<Incoming>,
) -> Response<R::Body> {
    let id = RequestId::new();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let span = span(&request, id.as_str());
    let mut response = match pass(app, face, peer, &mut request) {
        Ok(None) => {
            match AssertUnwindSafe(routes.call(request)).catch_unwind().instrument(span).await {
                Ok(response) => response,
                Err(_) => {
                    refused(Problem::new(ErrorCode::Internal, "this server failed at the request"))
                }
            }
        }
        Ok(Some(response)) => response.map(R::Body::from),
        Err(problem) => refused(problem),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.response(id.as_str()).map(R::Body::from);
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            allow(response.headers_mut(), uri.path());
        }
    }
    let status = response.status().as_u16();
    tracing::debug!(%method, path = uri.path(), status, request = id.as_str(), "answered");
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-request-id"), id.header());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    share(app, origin, headers);
    response
}

/// The span of a request, in the client's trace if there is one.
fn span<B>(request: &Request<B>, id: &str) -> Span {
    let (method, path) = (request.method(), request.uri().path());
    let span = tracing::info_span!(
        target: logs::HTTP, "http", otel.name = "http request", otel.kind = "server",
        http.request.method = %method, url.path = path, request = id,
    );
    let parent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    if let Some(parent) = parent.and_then(traces::traceparent) {
        // It fails where nothing is traced.
        let _ = span.set_parent(traces::remote(parent));
    }
    span
}

/// A problem on its way out; it is written down once the request's id is at hand.
pub fn refused<B: From<Bytes>>(problem: Problem) -> Response<B> {
    let mut response = Response::new(B::from(Bytes::new()));
    *response.status_mut() = problem.status();
    response.extensions_mut().insert(problem);
    response
}

/// Lets a request through to its route, or answers it here.
fn pass<B>(
    app: &App,
    face: Face,
    peer: IpAddr,
    request: &mut Request<B>,
) -> Result<Option<Response<Bytes>>, Problem> {
    if app.config.dev {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        guard::dev(face.bound, &app.origins, method, uri, headers)?;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").into_iter();
    let forwarded = forwarded.filter_map(|value| value.to_str().ok());
    let client = address::client(peer, &app.config.trusted_proxies, forwarded);
    let path = request.uri().path();
    if !face.has(path) {
        return Err(Problem::new(ErrorCode::NotFound, "nothing is at this path"));
    }
    if !is_open(path) {
        app.services()?;
        app.limits.call(AddressKey::of(client))?;
    }
    if request.method() == Method::OPTIONS {
        return options(app, path, request.headers()).map(Some);
    }
    if request.method() == Method::HEAD {
        // The answer to a HEAD is that to a GET; hyper keeps the body back.
        *request.method_mut() = Method::GET;
    }
    let call = Call::new(client, request.headers());
    request.extensions_mut().insert(call);
    Ok(None)
}

/// What is answered before the server is ready and without counting: health, and what is compiled in.
fn is_open(path: &str) -> bool {
    if path.starts_with("/v1/") || path == "/ws" {
        return false;
    }
    matches!(path, "/health" | "/live" | "/ready" | "/openapi.json" | crate::problem::DOCS)
        || pages::find(path).is_some()
}

/// What may be done with a path, and from which pages.
fn options(app: &App, path: &str, headers: &HeaderMap) -> Result<Response<Bytes>, Problem> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow(response.headers_mut(), path);
    if headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        if !origin.is_some_and(|origin| app.origins.shares_with(origin)) {
            let detail = "pages of this origin may not use this server (see --origins)";
            return Err(Problem::new(ErrorCode::OriginRefused, detail));
        }
        let methods = response.headers().get(header::ALLOW).cloned();
        let to = response.headers_mut();
        if let Some(methods) = methods {
            to.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_HEADERS, CORS_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, CORS_MAX_AGE_S),
        ] {
            to.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

fn allow(headers: &mut HeaderMap, path: &str) {
    if let Ok(methods) = HeaderValue::from_str(&route_table::methods(path)) {
        headers.insert(header::ALLOW, methods);
    }
}

/// Lets a listed page read the answer.
fn share(app: &App, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    let Some(origin) = origin else { return };
    if origin.to_str().is_ok_and(|origin| app.origins.shares_with(origin)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(CORS_EXPOSED);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}
