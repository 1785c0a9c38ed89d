//! Reads a file of rows, line by line, and knows at its end whether it is what was written.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    TransferError,
    format::{self, FORMAT, Header, LINE_BYTES_MAX, VERSION},
    tables::{SCHEMA, TABLES, Table},
    value::{self, Value},
};

/// A file that is being read. What came out of it counts once its end was reached.
pub(super) struct Reader {
    lines: Lines,
    before: Sha256,
    /// Of each table that was begun.
    rows: Vec<u64>,
}

/// What is next in a file.
pub(crate) enum Item {
    /// The rows of another table begin.
    Table(&'static Table),
    Row(Vec<Value>),
    /// The file is whole, and nothing in it was altered.
    End,
}

/// The same, a row being its line.
enum Part {
    Table(&'static Table),
    Row(&'static Table, Vec<u8>),
    End,
}

impl Reader {
    /// Opens a file and reads what it says of itself.
    pub(super) fn open(file: &Path) -> Result<Reader, TransferError> {
        let mut lines = Lines::open(file)?;
        let line = lines.next()?;
        check(file, &line)?;
        let before = Sha256::new().chain_update(&line);
        Ok(Reader { lines, before, rows: Vec::new() })
    }

    /// Reads all that is left and says how many rows there are in each table.
    pub(super) fn read_through(mut self) -> Result<Vec<u64>, TransferError> {
        // Each step takes a line of the file.
        loop {
            if let Part::End = self.part()? {
                return Ok(self.rows);
            }
        }
    }

    /// To be called until it says that this was the end.
    pub(super) fn next(&mut self) -> Result<Item, TransferError> {
        Ok(match self.part()? {
            Part::Table(table) => Item::Table(table),
            Part::Row(table, line) => {
                let row = value::read_row(table, &line);
                Item::Row(row.map_err(|why| self.damaged(why))?)
            }
            Part::End => Item::End,
        })
    }

    fn part(&mut self) -> Result<Part, TransferError> {
        let line = self.lines.next()?;
        if line.first() == Some(&b'[') {
            let table = self.rows.len().checked_sub(1).and_then(|at| TABLES.get(at));
            let (Some(table), Some(rows)) = (table, self.rows.last_mut()) else {
                return Err(self.damaged("a row stands before its table"));
            };
            *rows += 1;
            self.before.update(&line);
            return Ok(Part::Row(table, line));
        }
        let Some(table) = TABLES.get(self.rows.len()) else { return self.end(&line) };
        if line != format::table_line(table).map_err(|error| self.damaged(error))? {
            return Err(self.damaged(format_args!("the table {} was to follow", table.name)));
        }
        self.before.update(&line);
        self.rows.push(0);
        Ok(Part::Table(table))
    }

    fn end(&mut self, line: &[u8]) -> Result<Part, TransferError> {
        let last = format::last_line(&self.rows, &self.before);
        if line != last.map_err(|error| self.damaged(error))? {
            return Err(self.damaged("what was written before is not what stands there now"));
        }
        match self.lines.is_over()? {
            true => Ok(Part::End),
            false => Err(self.damaged("something stands behind the last line")),
        }
    }

    fn damaged(&self, why: impl ToString) -> TransferError {
        self.lines.damaged(why)
    }
}

/// Whether a file is one of ours, by its first line.
fn check(file: &Path, line: &[u8]) -> Result<(), TransferError> {
    let header = serde_json::from_slice::<Header>(line).ok();
    let header = header.filter(|header| header.format == FORMAT);
    let header = header.ok_or_else(|| TransferError::NoExport(file.to_owned()))?;
    if header.version != VERSION {
        return Err(TransferError::OtherFormat(header.version, header.program));
    }
    if header.schema != SCHEMA {
        return Err(TransferError::OtherSchema(header.schema, header.program));
    }
    Ok(())
}

/// The lines of a file, each with its end.
struct Lines {
    file: PathBuf,
    input: BufReader<File>,
    read: u64,
}

impl Lines {
    fn open(file: &Path) -> Result<Lines, TransferError> {
        let file = file.to_owned();
        match File::open(&file) {
            Ok(opened) => Ok(Lines { file, input: BufReader::new(opened), read: 0 }),
            Err(source) => Err(TransferError::File { path: file, source }),
        }
    }

    fn next(&mut self) -> Result<Vec<u8>, TransferError> {
        let (mut line, most) = (Vec::new(), LINE_BYTES_MAX as u64);
        let read = self.input.by_ref().take(most).read_until(b'\n', &mut line);
        read.map_err(|source| self.unreadable(source))?;
        self.read += 1;
        match line.last() {
            Some(b'\n') => Ok(line),
            _ if self.read == 1 => Err(TransferError::NoExport(self.file.clone())),
            _ if line.len() == LINE_BYTES_MAX => Err(self.damaged("the line does not end")),
            _ => Err(self.damaged("it was cut short")),
        }
    }

    /// Whether nothing follows.
    fn is_over(&mut self) -> Result<bool, TransferError> {
        let over = self.input.fill_buf().map(<[u8]>::is_empty);
        over.map_err(|source| self.unreadable(source))
    }

    fn unreadable(&self, source: io::Error) -> TransferError {
        TransferError::File { path: self.file.clone(), source }
    }

    fn damaged(&self, why: impl ToString) -> TransferError {
        let (path, line, why) = (self.file.clone(), self.read, why.to_string());
        TransferError::Damaged { path, line, why }
    }
}
