//! The name of one request, told to the client and written into problems and logs.

use hyper::header::HeaderValue;
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
pub struct RequestId {
    text: [u8; 36],
}

impl RequestId {
    pub fn new() -> RequestId {
        let mut text = [0; 36];
        Uuid::now_v7().hyphenated().encode_lower(&mut text);
        RequestId { text }
    }

    pub fn as_str(&self) -> &str {
        // Hexadecimal digits and hyphens.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.text).unwrap_or(HeaderValue::from_static(""))
    }
}

impl Default for RequestId {
    fn default() -> RequestId {
        RequestId::new()
    }
}
