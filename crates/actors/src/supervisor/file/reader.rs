//! Reading TOML by hand, key by key, so that whoever has made a mistake is told the line, the key, what was expected
//! and what was given.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Of what was given, at most so much is repeated.
const GOT_CHARS_MAX: usize = 60;

/// The file is refused: where, and what was expected instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {key}: expected {expected}, got {got}")]
pub struct SupervisionError {
    /// From 1.
    pub line: usize,
    /// As a path with dots; `TOML` when the file is none.
    pub key: String,
    pub expected: String,
    pub got: String,
}

type Read<T> = Result<T, SupervisionError>;

/// One table of the file.
pub(super) struct Table<'t> {
    text: &'t str,
    path: String,
    /// Where it begins.
    at: usize,
    entries: DeTable<'t>,
    /// Where the values stand that have been taken out.
    taken: BTreeMap<&'static str, usize>,
}

/// Checks the syntax.
pub(super) fn parse(text: &str) -> Read<Table<'_>> {
    match DeTable::parse(text) {
        Ok(root) => Ok(Table::new(text, String::new(), 0, root.into_inner())),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            Err(SupervisionError {
                line: line(text, span.start),
                key: "TOML".into(),
                expected: "a key with a value, or a table".into(),
                got: error.message().replace('\n', " "),
            })
        }
    }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.collect();
    match words.as_slice() {
        [] => "nothing".into(),
        [one] => format!("only {one}"),
        words => format!("one of {}", words.join(", ")),
    }
}

impl<'t> Table<'t> {
    fn new(text: &'t str, path: String, at: usize, entries: DeTable<'t>) -> Table<'t> {
        Table { text, path, at, entries, taken: BTreeMap::new() }
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses keys that are not among these.
    pub(super) fn only(&self, names: &[&str]) -> Read<()> {
        let unknown = self.entries.keys().filter(|key| !names.contains(&key.get_ref().as_ref()));
        // The first in the file, not in the alphabet.
        match unknown.min_by_key(|key| key.span().start) {
            Some(key) => Err(SupervisionError {
                line: line(self.text, key.span().start),
                key: self.key(key.get_ref()),
                expected: one_of(names.iter().copied()),
                got: key.get_ref().chars().take(GOT_CHARS_MAX).collect(),
            }),
            None => Ok(()),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Spanned<DeValue<'t>>> {
        let value = self.entries.remove(name)?;
        self.taken.insert(name, value.span().start);
        Some(value)
    }

    fn missing(&self, name: &str, expected: String) -> SupervisionError {
        let (line, key) = (line(self.text, self.at), self.key(name));
        SupervisionError { line, key, expected, got: "nothing".into() }
    }

    fn wrong(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        expected: String,
    ) -> SupervisionError {
        let Range { start, end } = value.span();
        let got = match value.get_ref() {
            DeValue::Table(_) => "a table".to_owned(),
            DeValue::Array(_) => "an array".to_owned(),
            _ => self.text[start..end].chars().take(GOT_CHARS_MAX).collect(),
        };
        SupervisionError { line: line(self.text, start), key: self.key(name), expected, got }
    }

    /// The table below `name`; an empty one when it is not there.
    pub(super) fn table(&mut self, name: &'static str) -> Read<Table<'t>> {
        let path = self.key(name);
        let Some(value) = self.take(name) else {
            return Ok(Table::new(self.text, path, self.at, DeTable::new()));
        };
        let wrong = self.wrong(name, &value, "a table".into());
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Table(entries) => Ok(Table::new(self.text, path, at, entries)),
            _ => Err(wrong),
        }
    }

    /// A whole number within the range; `None` when the key is not there.
    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Read<Option<u64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let given = integer(value.get_ref());
        match given.filter(|given| range.contains(given)) {
            Some(given) => Ok(Some(given)),
            None => Err(self.wrong(name, &value, whole(&range))),
        }
    }

    /// A whole number that must be there.
    pub(super) fn integer_of(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Read<u64> {
        let expected = whole(&range);
        self.integer(name, range)?.ok_or_else(|| self.missing(name, expected))
    }

    /// A whole number within the range, or this word.
    pub(super) fn integer_or(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
        word: &str,
    ) -> Read<Option<Option<u64>>> {
        let is_it = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str() == Some(word);
        let given = self.entries.get(name);
        if given.is_some_and(is_it) {
            self.take(name);
            return Ok(Some(None));
        }
        let expected = format!("{} or \"{word}\"", whole(&range));
        let read = self.integer(name, range).map(|given| given.map(Some));
        read.map_err(|error| SupervisionError { expected, ..error })
    }

    /// A number, with or without a fraction, within the range.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        range: RangeInclusive<f64>,
    ) -> Read<Option<f64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let given = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            value => integer(value).map(|given| given as f64),
        };
        match given.filter(|given| range.contains(given)) {
            Some(given) => Ok(Some(given)),
            None => Err(self.wrong(name, &value, real(&range))),
        }
    }

    pub(super) fn number_of(
        &mut self,
        name: &'static str,
        range: RangeInclusive<f64>,
    ) -> Read<f64> {
        let expected = real(&range);
        self.number(name, range)?.ok_or_else(|| self.missing(name, expected))
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Read<Option<T>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let given = value.get_ref().as_str();
        match words.iter().find(|(word, _)| given == Some(word)) {
            Some((_, meant)) => Ok(Some(*meant)),
            None => Err(self.wrong(name, &value, quoted(words))),
        }
    }

    pub(super) fn word_of<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Read<T> {
        let given = self.word(name, words)?;
        given.ok_or_else(|| self.missing(name, quoted(words)))
    }

    /// Refuses a value that is right by itself and does not go with the others.
    pub(super) fn refuse(&self, name: &str, expected: String, given: u64) -> SupervisionError {
        let at = self.taken.get(name).copied().unwrap_or(self.at);
        let (line, key, got) = (line(self.text, at), self.key(name), given.to_string());
        SupervisionError { line, key, expected, got }
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let given = value.as_integer()?;
    u64::from_str_radix(given.as_str(), given.radix()).ok()
}

fn whole(range: &RangeInclusive<u64>) -> String {
    format!("an integer within {}..={}", range.start(), range.end())
}

fn real(range: &RangeInclusive<f64>) -> String {
    format!("a number within {:?}..={:?}", range.start(), range.end())
}

fn quoted<T>(words: &[(&str, T)]) -> String {
    let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    one_of(words.iter().map(String::as_str))
}
