//! `gamev1 replay FILE`: a room that failed, run again to the same failure.

use gamev1_actors::{
    game::GameRegistry,
    room::{
        record::CrashRecord,
        replay::{self, Ending},
    },
};
use gamev1_persistence::crash_records;

use super::{Exit, complain, say};
use crate::{config::command, time::rfc3339};

/// Runs a crash record with the games of this program.
pub fn run(args: &command::Replay, games: &GameRegistry) -> Exit {
    let record = match crash_records::read(&args.file) {
        Ok(record) => record,
        Err(error) => {
            complain(format_args!("{}: {error}", args.file.display()));
            return Exit::Refused;
        }
    };
    let game = match games.get(&record.image.game) {
        Ok(game) => game,
        Err(error) => {
            let known: Vec<_> = games.names().collect();
            complain(format_args!("{}; this program has {}", error.message, known.join(", ")));
            return Exit::Refused;
        }
    };
    if args.until.is_none() {
        say(story(&record));
    }
    // The panic is what is looked for: it is told in words of our own.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        *PLACE.lock() = place;
    }));
    match replay::run(&record, &**game, args.until) {
        Ok(ending) => end(&record, ending, args.until.is_some()),
        Err(why) => {
            let (own, theirs) = (game.state_version(), record.state_version);
            complain(format_args!(
                "the game does not read it: {why} (state version {theirs}, this program has {own})"
            ));
            Exit::Refused
        }
    }
}

/// Where the last panic was.
static PLACE: parking_lot::Mutex<Option<String>> = parking_lot::Mutex::new(None);

fn story(record: &CrashRecord) -> String {
    let CrashRecord { image, site, message, location, at, server, .. } = record;
    let place = location.as_deref().unwrap_or("unknown");
    let from = image.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.tick);
    let (entries, members) = (image.log.len(), image.seats.len());
    format!(
        "{} {}, {members} members, {server}\nfailed at {} in {site:?}: {message} ({place})\n\
         from the checkpoint of tick {from}, {entries} entries since",
        image.game,
        image.room,
        rfc3339(*at)
    )
}

fn end(record: &CrashRecord, ending: Ending, only_view: bool) -> Exit {
    match ending {
        Ending::Panicked { message, entry, tick } => {
            let place = PLACE.lock().take().unwrap_or_else(|| "unknown".into());
            say(format_args!("panicked at entry {entry}, tick {tick}: {message} ({place})"));
            if message != record.message {
                say("that is another panic than the one recorded");
            }
            Exit::Reached
        }
        Ending::Ended { view, .. } if only_view => {
            say(view);
            Exit::Done
        }
        Ending::Ended { tick, entries, .. } => {
            say(format_args!(
                "no panic: {entries} entries were applied, up to tick {tick}. It depended on something outside of the \
                 game, or the game was mended"
            ));
            Exit::Done
        }
    }
}
