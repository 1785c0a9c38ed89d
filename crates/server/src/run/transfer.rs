//! `gamev1 db export` and `gamev1 db import`: everything that is stored, from one engine to the other.

use std::io::{self, IsTerminal, Write};

use gamev1_persistence::transfer::{self, Step, TransferError, Watch};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Exit,
    commands::{Failure, failed, finish, refused},
};
use crate::config::command;

const BAR: &str = "{msg:16} {wide_bar} {pos}/{len} {eta}";

pub fn export(args: &command::Export) -> Exit {
    finish(&args.data, |config| async move {
        let (url, file) = (config.database_url.as_ref(), &args.file);
        let rows = transfer::export(&config.data_dir, url, file, watch()).await.map_err(failure)?;
        Ok(format!("{} is written: {rows} rows", file.display()))
    })
}

pub fn import(args: &command::Import) -> Exit {
    finish(&args.data, |config| async move {
        let (url, file) = (config.database_url.as_ref(), &args.file);
        let rows = transfer::import(&config.data_dir, url, file, watch()).await.map_err(failure)?;
        Ok(format!("{} is in the database: {rows} rows", file.display()))
    })
}

fn failure(error: TransferError) -> Failure {
    if error.is_final() { refused(error) } else { failed(error) }
}

/// Who waits sees how far it is; a log gets a line for each table.
fn watch() -> Watch {
    let stderr = io::stderr();
    if stderr.is_terminal() { bars() } else { lines(stderr) }
}

fn bars() -> Watch {
    let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
    let mut bar: Option<ProgressBar> = None;
    Box::new(move |step| match step {
        Step::Check => {
            let spinner = ProgressBar::new_spinner().with_message("reading the file through");
            spinner.tick();
            bar = Some(spinner);
        }
        Step::Table { name, rows } => {
            let next = ProgressBar::new(rows).with_style(style.clone()).with_message(name);
            clear(bar.replace(next));
        }
        Step::Rows(rows) => {
            if let Some(bar) = &bar {
                bar.set_position(rows);
            }
        }
        Step::Done => clear(bar.take()),
    })
}

/// One bar at a time, and none when it is over.
fn clear(bar: Option<ProgressBar>) {
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn lines(mut out: impl Write + Send + 'static) -> Watch {
    Box::new(move |step| {
        if let Step::Table { name, rows } = step {
            // Where this cannot be written there is nobody to read it.
            let _ = writeln!(out, "{name}: {rows}");
        }
    })
}
