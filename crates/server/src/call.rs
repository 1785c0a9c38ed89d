//! What a route may know of the request that it answers, besides its body.

use std::{net::IpAddr, time::SystemTime};

use gamev1_protocol::ErrorCode;
use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};

use crate::{address::AddressKey, app::App, auth::authenticator::Verified, problem::Problem};

/// Cheap to clone: header values are counted references.
#[derive(Debug, Clone)]
pub struct Call {
    pub client: IpAddr,
    authorization: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    host: Option<HeaderValue>,
    idempotency_key: Option<HeaderValue>,
}

impl Call {
    pub fn new(client: IpAddr, headers: &HeaderMap) -> Call {
        let get = |name: HeaderName| headers.get(name).cloned();
        Call {
            client,
            authorization: get(header::AUTHORIZATION),
            origin: get(header::ORIGIN),
            host: get(header::HOST),
            idempotency_key: get(HeaderName::from_static("idempotency-key")),
        }
    }

    pub fn address(&self) -> AddressKey {
        AddressKey::of(self.client)
    }

    /// The bearer token, if that is what the request authenticates itself with.
    pub fn bearer(&self) -> Option<&str> {
        let value = self.authorization.as_ref()?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Whether the request says who it comes from, rightly or not.
    pub fn authenticates(&self) -> bool {
        self.authorization.is_some()
    }

    /// The page's origin. One that is no text is nobody's, and told as such.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.to_str().unwrap_or("null"))
    }

    pub fn host(&self) -> Option<&str> {
        self.host.as_ref()?.to_str().ok()
    }

    /// # Errors
    /// `bad_request` when it is not 1 to 64 visible characters.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let Some(key) = &self.idempotency_key else { return Ok(None) };
        match key.to_str() {
            Ok(key) if (1..=64).contains(&key.len()) => Ok(Some(key)),
            _ => {
                let expected = "1 to 64 visible ASCII characters";
                Err(Problem::bad_request("/headers/idempotency-key", expected, "something else"))
            }
        }
    }

    /// The player whose bearer token came with the request.
    ///
    /// # Errors
    /// What is wrong with the token, or `rate_limited`.
    pub async fn player(&self, app: &App) -> Result<Verified, Problem> {
        let services = app.services()?;
        let token = self.bearer().ok_or_else(|| {
            Problem::new(
                ErrorCode::Unauthenticated,
                "expected Authorization: Bearer <access token>",
            )
        })?;
        let verified = services.authenticator.check(token, SystemTime::now()).await?;
        app.limits.call_of_player(verified.player.id)?;
        Ok(verified)
    }
}
