//! `GET /openapi.json`: the description of these routes.

use std::sync::LazyLock;

use bytes::Bytes;

use super::answer::Answer;
use crate::{openapi, pages::Page};

static PAGE: LazyLock<Page> =
    LazyLock::new(|| Page::new("application/json", Bytes::from(openapi::document().to_string())));

pub fn get(held: Option<String>) -> Answer {
    Ok(PAGE.response(held.as_deref()))
}
