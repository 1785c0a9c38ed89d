//! A room again, from its checkpoint and what came since: for a crash record, and to see whether a game keeps the rules
//! that make a replay exact.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rmpv::Value;

use super::{
    record::CrashRecord,
    recovery::Site,
    state::{Checkpoint, Entry, Room},
};
use crate::{game::GameType, panics};

/// How a replay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It panicked, with these words, at this entry (counted from 1) and tick.
    Panicked { message: String, entry: usize, tick: u64 },
    /// It came to its end; the view is what members would see.
    Ended { tick: u64, entries: usize, view: String },
}

/// Runs a record with the game given, up to the end of tick `until` if one is.
///
/// # Errors
/// The game does not read the record's checkpoint, or a view cannot be written.
pub fn run(
    record: &CrashRecord,
    game: &dyn GameType,
    until: Option<u64>,
) -> Result<Ending, String> {
    let image = &record.image;
    let mut settings = game.settings(&image.options).map_err(|error| error.message)?;
    settings.seats_max = image.seats_max;
    let begin = AssertUnwindSafe(|| match &image.checkpoint {
        Some(checkpoint) => Room::restore(game, &settings, checkpoint),
        None => {
            Room::create(game, &image.options, &settings, image.seed).map_err(|error| error.message)
        }
    });
    let mut room = match catch_unwind(begin) {
        Ok(room) => room?,
        Err(payload) => {
            let tick = image.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.tick);
            return Ok(Ending::Panicked { message: panics::words(&*payload), entry: 0, tick });
        }
    };
    let mut entries: Vec<&Entry> = image.log.iter().chain(&record.fatal).collect();
    // What was held back comes behind the tick that is made again.
    entries.extend(&image.held);
    for (at, entry) in entries.iter().enumerate() {
        let tick = room.tick_number();
        if until.is_some_and(|until| tick >= until && **entry == Entry::Tick) {
            return view(&room, at);
        }
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| room.apply(entry))) {
            let message = panics::words(&*payload);
            let tick = tick + u64::from(**entry == Entry::Tick);
            return Ok(Ending::Panicked { message, entry: at + 1, tick });
        }
    }
    let last = entries.len();
    let after = AssertUnwindSafe(|| match record.site {
        Site::Checkpoint => room.checkpoint(game.state_version()).map(drop),
        _ => room.view().map(drop).map_err(|error| error.to_string()),
    });
    match catch_unwind(after) {
        Ok(done) => done?,
        Err(payload) => {
            let (message, tick) = (panics::words(&*payload), room.tick_number());
            return Ok(Ending::Panicked { message, entry: last, tick });
        }
    }
    view(&room, last)
}

fn view(room: &Room, entries: usize) -> Result<Ending, String> {
    let built = room.view().map_err(|error| error.to_string())?;
    Ok(Ending::Ended { tick: room.tick_number(), entries, view: json(&built.view)? })
}

fn json(view: &gamev1_protocol::view::View) -> Result<String, String> {
    let mut bytes = Vec::new();
    view.write_json(&mut bytes);
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    serde_json::to_string_pretty(&value).map_err(|error| error.to_string())
}

/// The first difference between a room as it went and the same room replayed, as a JSON pointer with both values.
/// `None`: there is none, as it must be.
///
/// # Errors
/// The room cannot be replayed at all.
pub fn difference(
    game: &dyn GameType,
    settings: &crate::game::Settings,
    from: &Checkpoint,
    log: &[Entry],
    went: &Checkpoint,
) -> Result<Option<String>, String> {
    let replayed = || {
        let mut room = Room::restore(game, settings, from)?;
        log.iter().for_each(|entry| drop(room.apply(entry)));
        room.checkpoint(game.state_version())
    };
    let replayed = catch_unwind(AssertUnwindSafe(replayed))
        .unwrap_or_else(|payload| Err(format!("it panicked: {}", panics::words(&*payload))))?;
    if replayed == *went {
        return Ok(None);
    }
    let read = |bytes: &[u8]| rmpv::decode::read_value(&mut &bytes[..]).map_err(|e| e.to_string());
    let (was, is) = (read(went.game())?, read(replayed.game())?);
    let found = first(&was, &is, String::new());
    Ok(Some(found.unwrap_or_else(|| "its random source, seats or tick".to_owned())))
}

fn first(was: &Value, is: &Value, at: String) -> Option<String> {
    match (was, is) {
        _ if was == is => None,
        (Value::Map(was), Value::Map(is)) if was.len() == is.len() => {
            was.iter().zip(is).find_map(|((name, was), (other, is))| {
                let at = format!("{at}/{}", name.as_str().map_or(name.to_string(), str::to_owned));
                if name == other {
                    first(was, is, at)
                } else {
                    Some(format!("{at}: in another order"))
                }
            })
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            let pairs = was.iter().zip(is).enumerate();
            pairs.into_iter().find_map(|(n, (was, is))| first(was, is, format!("{at}/{n}")))
        }
        _ => Some(format!("{at}: {was} in the room, {is} in its replay")),
    }
}
