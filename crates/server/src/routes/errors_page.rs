//! `/docs/errors`: every error code, where the `type` of a problem leads.

use std::sync::LazyLock;

use bytes::Bytes;
use gamev1_protocol::ErrorCode;

use super::answer::Answer;
use crate::pages::Page;

static PAGE: LazyLock<Page> =
    LazyLock::new(|| Page::new("text/html; charset=utf-8", Bytes::from(html())));

pub fn get(held: Option<String>) -> Answer {
    Ok(PAGE.response(held.as_deref()))
}

/// Names and titles are words of ours: nothing to escape.
fn html() -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Error codes</title>\n\
         <h1>Error codes</h1>\n\
         <p>The <code>code</code> of a problem over HTTP (RFC 9457) and of an <code>error</code> over a socket. \
         The same request may succeed later where <em>temporary</em> says so.</p>\n\
         <table>\n<thead><tr><th>code<th>HTTP<th>temporary<th>meaning</thead>\n<tbody>\n",
    );
    for &code in ErrorCode::ALL {
        let status = match code.status() {
            0 => "sockets only".to_owned(),
            status => status.to_string(),
        };
        let temporary = if code.temporary() { "yes" } else { "no" };
        let (name, title) = (code.name(), code.title());
        html.push_str(&format!(
            "<tr id=\"{name}\"><td><code>{name}</code><td>{status}<td>{temporary}<td>{title}\n"
        ));
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_every_problem_leads_somewhere() {
        let html = html();
        for code in ErrorCode::ALL {
            assert!(html.contains(&format!("<tr id=\"{}\">", code.name())), "{code:?}");
        }
    }
}
