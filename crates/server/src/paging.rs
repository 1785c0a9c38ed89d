//! Lists in pages: a cursor names the last item that was shown, so that what is added or gone meanwhile neither
//! repeats nor hides others.

#[cfg(test)]
mod tests;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::problem::Problem;

pub const LIMIT: usize = 50;
pub const LIMIT_MAX: usize = 100;

/// Where an item stands in a list that is sorted from the highest to the lowest.
pub type Place = (u64, u64);

#[derive(Debug, PartialEq)]
pub struct Page<'a, T> {
    pub items: Vec<&'a T>,
    pub next_cursor: Option<String>,
}

/// The items behind `after`, at most `limit`. `items` are sorted by `place`, the highest first.
pub fn page<'a, T>(
    items: impl Iterator<Item = &'a T>,
    place: impl Fn(&T) -> Place,
    after: Option<Place>,
    limit: usize,
) -> Page<'a, T> {
    let mut rest = items.filter(|item| after.is_none_or(|after| place(item) < after));
    let items: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next_cursor = if more { items.last().map(|last| cursor(place(last))) } else { None };
    Page { items, next_cursor }
}

/// # Errors
/// `bad_request` when it is no number within 1..=100.
pub fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(LIMIT) };
    match text.parse() {
        Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        _ => {
            let expected = format!("an integer within 1..={LIMIT_MAX}");
            let got: String = text.chars().take(32).collect();
            Err(Problem::bad_request("/limit", &expected, &got))
        }
    }
}

/// The cursor behind the item at that place.
pub fn cursor((high, low): Place) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// # Errors
/// `bad_request` when it is no cursor that a list has given.
pub fn read_cursor(text: &str) -> Result<Place, Problem> {
    let wrong = || Problem::bad_request("/cursor", "a next_cursor of this list", "something else");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let bytes = u128::from_be_bytes(bytes.try_into().map_err(|_| wrong())?);
    Ok(((bytes >> 64) as u64, bytes as u64))
}
