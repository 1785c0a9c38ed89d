//! HTTP calls to the server under test, and players that have signed in by them.
#![allow(clippy::expect_used, clippy::panic, reason = "what goes wrong here ends the test")]

use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};

use crate::{BOUND, server::Server};

/// An answer with its body read.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Answer {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body in text");
        Answer { status, headers, text }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body of a call that has succeeded.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{self:?}");
        self.json()
    }

    /// The body of a refusal (RFC 9457), whose every member is what the protocol says.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["type"], format!("/docs/errors#{code}"), "{problem}");
        let request = self.header("x-request-id").unwrap_or_default();
        assert_eq!(problem["instance"], format!("/requests/{request}"), "{problem}");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        if matches!(status, 429 | 503) {
            let wait = self.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
            assert!(wait.is_some(), "no Retry-After: {self:?}");
        }
        problem
    }
}

/// A guest with the tokens of its sign-in.
#[derive(Debug, Clone)]
pub struct Player {
    /// The answer of the call that signed it in.
    pub tokens: Value,
}

impl Player {
    #[track_caller]
    fn text(&self, member: &str) -> &str {
        self.tokens
            .pointer(member)
            .and_then(Value::as_str)
            .expect("tokens as the protocol has them")
    }

    pub fn id(&self) -> &str {
        self.text("/player/id")
    }

    pub fn username(&self) -> &str {
        self.text("/player/username")
    }

    pub fn access(&self) -> &str {
        self.text("/access_token")
    }

    pub fn refresh(&self) -> &str {
        self.text("/refresh_token")
    }

    pub fn device(&self) -> &str {
        self.text("/device_id")
    }
}

impl Server {
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        // A connection each: one that is kept would count as a connection of the test's own.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(BOUND);
        client.build().expect("an HTTP client").request(method, format!("{}{path}", self.url()))
    }

    pub async fn answer(&self, call: RequestBuilder) -> Answer {
        Answer::of(call.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.answer(self.call(Method::GET, path)).await
    }

    pub async fn get_as(&self, player: &Player, path: &str) -> Answer {
        self.answer(self.call(Method::GET, path).bearer_auth(player.access())).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.answer(self.call(Method::POST, path).json(&body)).await
    }

    pub async fn post_as(&self, player: &Player, path: &str, body: Value) -> Answer {
        self.answer(self.call(Method::POST, path).bearer_auth(player.access()).json(&body)).await
    }

    /// A new guest on a device of its own.
    pub async fn guest(&self) -> Player {
        Player { tokens: self.post("/v1/auth/guest", json!({})).await.ok(200) }
    }

    pub async fn ticket(&self, player: &Player) -> String {
        let ticket = self.post_as(player, "/v1/ws-tickets", json!({})).await.ok(200);
        ticket["ticket"].as_str().expect("a ticket").to_owned()
    }
}
