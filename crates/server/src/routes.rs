//! The routes, as warp filters: path, method, what is read from the request. What they answer is in the files below;
//! this is the only one that knows warp.

pub mod accounts;
pub mod admin;
pub mod answer;
pub mod auth;
pub mod description;
pub mod errors_page;
pub mod health;
pub mod key_set;
pub mod me;
pub mod rooms;
#[cfg(test)]
mod tests;
pub mod tickets;
pub mod upgrade;

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use bytes::Bytes;
use gamev1_protocol::ErrorCode;
use hyper::{HeaderMap, header, upgrade::OnUpgrade};
use hyper_util::service::TowerToHyperService;
use warp::{Filter, Rejection, Reply, reply::Response};

use self::{answer::Answer, upgrade::Handshake};
use crate::{
    app::App,
    body,
    call::Call,
    edge::connection::Admission,
    gate::{self, Routes},
    pages,
    problem::Problem,
};

/// All routes, for the connections of the edge.
pub fn service(app: Arc<App>) -> impl Routes {
    TowerToHyperService::new(warp::service(all(app)))
}

fn all(
    app: Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync {
    let with = warp::any().map(move || app.clone()).and(warp::ext::get::<Call>());
    let me = me(with.clone());
    let accounts = accounts(with.clone());
    let rooms = rooms(with.clone());
    let ws = ws(with.clone());
    let admin = admin(with.clone());

    let at = warp::path!("v1" / "ws-tickets").and(warp::post());
    let tickets = at.and(with.clone()).and(json()).then(tickets::post).map(reply);
    let at = warp::path!("v1" / "auth" / "guest").and(warp::post());
    let guest = at.and(with.clone()).and(json()).then(auth::guest).map(reply);
    let at = warp::path!("v1" / "auth" / "refresh").and(warp::post());
    let refresh = at.and(with.clone()).and(json()).then(auth::refresh).map(reply);
    let at = warp::path!("v1" / "auth" / "logout").and(warp::post());
    let logout = at.and(with.clone()).then(auth::logout).map(reply);
    let at = warp::path!("v1" / "auth" / "logout-all").and(warp::post());
    let logout = logout.or(at.and(with.clone()).then(auth::logout_all).map(reply)).unify();

    let health =
        warp::path!("health").and(warp::get()).and(with.clone()).map(health::health).map(reply);
    let ready =
        warp::path!("ready").and(warp::get()).and(with.clone()).map(health::ready).map(reply);
    let metrics = warp::path!("metrics").and(warp::get()).and(with.clone());
    let metrics = metrics.map(health::metrics).map(reply);
    let at = warp::path!(".well-known" / "jwks.json").and(warp::get());
    let key_set = at.and(with.clone()).map(key_set::get).map(reply);
    let live = warp::path!("live").and(warp::get()).map(health::live).map(reply);
    let errors = warp::path!("docs" / "errors").and(warp::get()).and(held());
    let errors = errors.map(errors_page::get).map(reply);
    let described = warp::path!("openapi.json").and(warp::get()).and(held());
    let described = described.map(description::get).map(reply);

    let api = me.or(accounts).unify().or(rooms).unify().or(ws).unify().or(tickets).unify();
    let api = api.or(guest).unify().or(refresh).unify().or(logout).unify().or(admin).unify();
    let open = health.or(ready).unify().or(live).unify().or(metrics).unify().or(key_set).unify();
    let rest = open.or(errors).unify().or(described).unify().or(page()).unify();
    api.or(rest).unify().recover(rejected).unify()
}

fn me<W>(with: W) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync
where
    W: Filter<Extract = (Arc<App>, Call), Error = Rejection> + Clone + Send + Sync,
    W: warp::Filter<Future: Send>,
{
    let get = warp::get().and(with.clone()).then(me::get).map(reply);
    let patch = warp::patch().and(with.clone()).and(json()).then(me::patch).map(reply);
    let delete = warp::delete().and(with.clone()).and(json()).then(me::delete).map(reply);
    let own = warp::path!("v1" / "me").and(get.or(patch).unify().or(delete).unify());
    let at = warp::path!("v1" / "me" / "password").and(warp::post());
    let password = at.and(with.clone()).and(json()).then(me::password).map(reply);
    let at = warp::path!("v1" / "me" / "export").and(warp::get());
    let export = at.and(with).then(me::export::get).map(reply);
    own.or(password).unify().or(export).unify()
}

fn accounts<W>(
    with: W,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync
where
    W: Filter<Extract = (Arc<App>, Call), Error = Rejection> + Clone + Send + Sync,
    W: warp::Filter<Future: Send>,
{
    let at = warp::path!("v1" / "auth" / "register").and(warp::post());
    let register = at.and(with.clone()).and(json()).then(accounts::register).map(reply);
    let at = warp::path!("v1" / "auth" / "login").and(warp::post());
    let login = at.and(with.clone()).and(json()).then(accounts::login).map(reply);
    let at = warp::path!("v1" / "players" / String).and(warp::get());
    let player = at.and(with).then(accounts::player).map(reply);
    register.or(login).unify().or(player).unify()
}

fn rooms<W>(with: W) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync
where
    W: Filter<Extract = (Arc<App>, Call), Error = Rejection> + Clone + Send + Sync,
    W: warp::Filter<Future: Send>,
{
    let query = warp::query::<HashMap<String, String>>();
    let list = warp::get().and(with.clone()).and(query).then(rooms::list).map(reply);
    let create = warp::post().and(with.clone()).and(json()).then(rooms::create).map(reply);
    let one = warp::path!("v1" / "rooms" / String).and(warp::get()).and(with);
    let one = one.then(rooms::get).map(reply);
    let many = warp::path!("v1" / "rooms").and(list.or(create).unify());
    many.or(one).unify()
}

fn admin<W>(with: W) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync
where
    W: Filter<Extract = (Arc<App>, Call), Error = Rejection> + Clone + Send + Sync,
    W: warp::Filter<Future: Send>,
{
    let query = warp::query::<HashMap<String, String>>();
    let at = warp::path!("v1" / "admin" / "supervision").and(warp::get());
    let tree = at.and(with.clone()).and(query).then(admin::tree::supervision).map(reply);
    let at = warp::path!("v1" / "admin" / "incidents").and(warp::get());
    let incidents = at.and(with.clone()).and(query).then(admin::tree::incidents).map(reply);
    let at = warp::path!("v1" / "admin" / "supervision" / "snapshot").and(warp::post());
    let snapshot = at.and(with.clone()).and(json()).then(admin::tree::snapshot).map(reply);
    let at = warp::path!("v1" / "admin" / "chaos").and(warp::post());
    let chaos = at.and(with.clone()).and(json()).then(admin::chaos::post).map(reply);
    let at = warp::path!("v1" / "admin" / "drain").and(warp::post());
    let drain = at.and(with.clone()).and(json()).then(admin::process::drain).map(reply);
    let at = warp::path!("v1" / "admin" / "log").and(warp::put());
    let log = at.and(with.clone()).and(json()).then(admin::process::put_log).map(reply);
    let at = warp::path!("v1" / "admin" / "sanctions").and(warp::get());
    let sanctions = at.and(with.clone()).and(query).then(admin::sanctions::list).map(reply);
    let at = warp::path!("v1" / "admin" / "audit").and(warp::get());
    let audit = at.and(with.clone()).and(query).then(admin::audit::list).map(reply);
    let read = tree.or(incidents).unify().or(sanctions).unify().or(audit).unify();
    let read = read.or(snapshot).unify().or(admin_players(with)).unify();
    read.or(chaos).unify().or(drain).unify().or(log).unify()
}

fn admin_players<W>(
    with: W,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync
where
    W: Filter<Extract = (Arc<App>, Call), Error = Rejection> + Clone + Send + Sync,
    W: warp::Filter<Future: Send>,
{
    let query = warp::query::<HashMap<String, String>>();
    let at = warp::path!("v1" / "admin" / "players").and(warp::get());
    let search = at.and(with.clone()).and(query).then(admin::players::search).map(reply);
    let at = warp::path!("v1" / "admin" / "players" / String).and(warp::get());
    let view = at.and(with.clone()).then(admin::players::view).map(reply);
    let at = warp::path!("v1" / "admin" / "players" / String / "ban");
    let ban = warp::post().and(with.clone()).and(json());
    let ban = at.and(ban).then(admin::sanctions::ban).map(reply);
    let lift = warp::delete().and(with.clone()).and(json());
    let lift = at.and(lift).then(admin::sanctions::lift).map(reply);
    let at = warp::path!("v1" / "admin" / "players" / String / "role").and(warp::put());
    let role = at.and(with.clone()).and(json()).then(admin::access::role).map(reply);
    let at = warp::path!("v1" / "admin" / "players" / String / "sign-out").and(warp::post());
    let sign_out = at.and(with).and(json()).then(admin::access::sign_out).map(reply);
    let changed = ban.or(lift).unify().or(role).unify().or(sign_out).unify();
    search.or(view).unify().or(changed).unify()
}

fn ws<W>(with: W) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync
where
    W: Filter<Extract = (Arc<App>, Call), Error = Rejection> + Clone + Send + Sync,
    W: warp::Filter<Future: Send>,
{
    let handshake = warp::header::headers_cloned()
        .and(warp::query::<HashMap<String, String>>())
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<Arc<Admission>>())
        .map(|headers: HeaderMap, query, on_upgrade, admission| {
            Box::new(Handshake { headers, query, on_upgrade, admission })
        });
    warp::path!("ws").and(warp::get()).and(with).and(handshake).then(upgrade::upgrade).map(reply)
}

/// The body of a request, read to its end if it is acceptable.
fn json() -> impl Filter<Extract = (Result<Bytes, Problem>,), Error = Rejection> + Copy + Send + Sync
{
    warp::header::optional::<String>(header::CONTENT_TYPE.as_str()).and(warp::body::stream()).then(
        |content_type: Option<String>, stream| async move {
            body::read(content_type.as_deref(), stream).await
        },
    )
}

/// What version of a page the browser holds.
fn held() -> impl Filter<Extract = (Option<String>,), Error = Rejection> + Copy + Send + Sync {
    warp::header::optional::<String>(header::IF_NONE_MATCH.as_str())
}

/// The files that are compiled in.
fn page() -> impl Filter<Extract = (Response,), Error = Rejection> + Copy + Send + Sync {
    let found = warp::path::full().and_then(|path: warp::path::FullPath| async move {
        pages::find(path.as_str()).ok_or_else(warp::reject::not_found)
    });
    found.and(warp::get()).and(held()).map(|page: &'static pages::Page, held: Option<String>| {
        reply(Ok(page.response(held.as_deref())))
    })
}

fn reply(answer: Answer) -> Response {
    match answer {
        Ok(response) => response.into_response(),
        Err(problem) => gate::refused(problem),
    }
}

/// What no route took.
async fn rejected(rejection: Rejection) -> Result<Response, Infallible> {
    let problem = if rejection.is_not_found() {
        Problem::new(ErrorCode::NotFound, "nothing is at this path")
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        Problem::new(ErrorCode::MethodNotAllowed, "this path has other methods, see Allow")
    } else if rejection.find::<warp::reject::InvalidQuery>().is_some() {
        Problem::bad_request("", "a query of names and values, each name once", "something else")
    } else if rejection.find::<warp::reject::InvalidHeader>().is_some() {
        Problem::new(ErrorCode::BadRequest, "a header is not what it should be")
    } else {
        tracing::error!(?rejection, "a rejection that nobody knows");
        Problem::new(ErrorCode::Internal, "this server failed at the request")
    };
    Ok(gate::refused(problem))
}
