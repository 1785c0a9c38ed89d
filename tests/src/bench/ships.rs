//! The players of an arena: each flies in a circle, looks about, and counts the states that come.

use std::{f64::consts::TAU, time::Duration};

use anyhow::Result;
use serde_json::json;

use super::{
    format::{Format, Kind},
    pump::Load,
    samples::Samples,
    schedule::Random,
};

/// Headings of a circle. At ten inputs a second it takes a second and stays within a few ship lengths.
const HEADINGS: usize = 10;

#[derive(Debug)]
pub(crate) struct Ships {
    format: Format,
    ships: Vec<Ship>,
    /// Encoded inputs, one a heading.
    inputs: Vec<Vec<u8>>,
    /// Whether the window is open: what comes before and after is not counted.
    pub(crate) counting: bool,
    /// Deltas.
    pub(crate) states: u64,
    pub(crate) state_bytes: u64,
    pub(crate) snapshots: u64,
    pub(crate) rejected: u64,
    /// Between two states of one player.
    pub(crate) gaps: Samples,
}

#[derive(Debug)]
struct Ship {
    room: String,
    seq: u32,
    /// The heading of the first input, so that ships do not fly in formation.
    first: usize,
    last_state: Option<Duration>,
}

impl Ships {
    pub(crate) fn new(format: Format, rooms: Vec<String>, seed: u64) -> Result<Ships> {
        let mut random = Random(seed);
        let ship = |room: String| {
            let first = random.next() as usize % HEADINGS;
            Ship { room, seq: 0, first, last_state: None }
        };
        let ships = rooms.into_iter().map(ship).collect();
        // As many digits as a page would send.
        let rounded = |value: f64| (value * 1_000.0).round() / 1_000.0;
        let input = |heading: usize| {
            let angle = TAU * heading as f64 / HEADINGS as f64;
            let aim = rounded((angle + 1.0) % TAU);
            format.encode(&json!({"move": [rounded(angle.cos()), rounded(angle.sin())], "aim": aim, "fire": false}))
        };
        let inputs = (0..HEADINGS).map(input).collect::<Result<_>>()?;
        Ok(Ships {
            format,
            ships,
            inputs,
            counting: false,
            states: 0,
            state_bytes: 0,
            snapshots: 0,
            rejected: 0,
            gaps: Samples::default(),
        })
    }
}

impl Load for Ships {
    fn compose(&mut self, socket: usize, _now: Duration, payload: &mut Vec<u8>) -> u8 {
        let ship = &mut self.ships[socket];
        ship.seq += 1;
        let input = &self.inputs[(ship.first + ship.seq as usize) % HEADINGS];
        match self.format {
            Format::Json => {
                payload.extend_from_slice(br#"{"type":"room.input","data":{"room":""#);
                payload.extend_from_slice(ship.room.as_bytes());
                payload.extend_from_slice(format!(r#"","seq":{},"input":"#, ship.seq).as_bytes());
                payload.extend_from_slice(input);
                payload.extend_from_slice(b"}}");
            }
            Format::Msgpack => {
                payload.extend_from_slice(b"\x82\xa4type\xaaroom.input\xa4data\x83\xa4room\xaa");
                payload.extend_from_slice(ship.room.as_bytes());
                payload.extend_from_slice(b"\xa3seq\xce");
                payload.extend_from_slice(&ship.seq.to_be_bytes());
                payload.extend_from_slice(b"\xa5input");
                payload.extend_from_slice(input);
            }
        }
        self.format.opcode()
    }

    fn frame(&mut self, socket: usize, now: Duration, payload: &[u8]) {
        let kind = self.format.kind(payload);
        if !matches!(kind, Kind::Delta | Kind::Snapshot) {
            self.rejected += u64::from(self.counting && kind == Kind::Rejected);
            return;
        }
        let before = self.ships[socket].last_state.replace(now);
        if !self.counting {
            return;
        }
        match kind {
            Kind::Delta => {
                self.states += 1;
                self.state_bytes += payload.len() as u64;
            }
            _ => self.snapshots += 1,
        }
        if let Some(before) = before {
            self.gaps.push(now - before);
        }
    }
}
