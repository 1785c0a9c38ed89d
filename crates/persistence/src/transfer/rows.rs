//! The rows of a file that was read through once, on their way into a database.

use super::{Item, Reader, Step, TOLD_EVERY, TransferError, Watch};

pub(crate) struct Rows {
    reader: Reader,
    /// Of the tables that are still to come.
    counts: std::vec::IntoIter<u64>,
    done: u64,
    watch: Watch,
}

impl Rows {
    pub(super) fn new(reader: Reader, counts: Vec<u64>, watch: Watch) -> Rows {
        Rows { reader, counts: counts.into_iter(), done: 0, watch }
    }

    /// To be called until it says that this was the end: before that, nothing counts, as the file may have changed.
    pub(crate) fn next(&mut self) -> Result<Item, TransferError> {
        let item = self.reader.next()?;
        match &item {
            Item::Table(table) => {
                self.done = 0;
                let rows = self.counts.next().unwrap_or_default();
                self.tell(Step::Table { name: table.name, rows });
            }
            Item::Row(_) => {
                self.done += 1;
                if self.done.is_multiple_of(TOLD_EVERY) {
                    self.tell(Step::Rows(self.done));
                }
            }
            Item::End => {}
        }
        Ok(item)
    }

    pub(super) fn tell(&mut self, step: Step) {
        (self.watch)(step);
    }
}
