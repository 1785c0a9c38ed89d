//! Writes a file of rows, line by line.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    Step, TOLD_EVERY, TransferError, Watch,
    format::{self, Header, LINE_BYTES_MAX},
    tables::Table,
    value::Value,
};

/// A file that is being written. It is nothing before [`Writer::end`].
pub(crate) struct Writer {
    file: PathBuf,
    out: BufWriter<File>,
    before: Sha256,
    rows: Vec<u64>,
    watch: Watch,
}

impl Writer {
    /// Begins in a file that is there and empty.
    pub(super) fn begin(
        file: &Path,
        header: &Header,
        watch: Watch,
    ) -> Result<Writer, TransferError> {
        let file = file.to_owned();
        let out = match OpenOptions::new().write(true).open(&file) {
            Ok(opened) => BufWriter::new(opened),
            Err(source) => return Err(TransferError::File { path: file, source }),
        };
        let mut writer = Writer { file, out, before: Sha256::new(), rows: Vec::new(), watch };
        writer.line(format::line(header))?;
        Ok(writer)
    }

    /// Begins a table, of which so many rows are to come.
    pub(crate) fn table(&mut self, table: &Table, rows: u64) -> Result<(), TransferError> {
        self.line(format::table_line(table))?;
        self.rows.push(0);
        (self.watch)(Step::Table { name: table.name, rows });
        Ok(())
    }

    /// Writes a row of the table that was begun last.
    pub(crate) fn row(&mut self, row: &[Value]) -> Result<(), TransferError> {
        self.line(format::line(&row))?;
        if let Some(rows) = self.rows.last_mut() {
            *rows += 1;
            if rows.is_multiple_of(TOLD_EVERY) {
                (self.watch)(Step::Rows(*rows));
            }
        }
        Ok(())
    }

    /// Writes the last line and says how many rows there are in all.
    pub(super) fn end(mut self) -> Result<u64, TransferError> {
        self.line(format::last_line(&self.rows, &self.before))?;
        self.out.flush().map_err(|source| self.unwritten(source))?;
        (self.watch)(Step::Done);
        Ok(self.rows.iter().sum())
    }

    fn line(&mut self, line: serde_json::Result<Vec<u8>>) -> Result<(), TransferError> {
        let line = line.map_err(|error| self.unwritten(error.into()))?;
        if line.len() > LINE_BYTES_MAX {
            let error = io::Error::other("a row is larger than a line of such a file may be");
            return Err(self.unwritten(error));
        }
        self.before.update(&line);
        self.out.write_all(&line).map_err(|source| self.unwritten(source))
    }

    fn unwritten(&self, source: io::Error) -> TransferError {
        TransferError::File { path: self.file.clone(), source }
    }
}
