//! Golden files: every message of the wire, byte for byte, in both formats.
//!
//! A change here is a change of the protocol: within version 1 things are only added. To write the files anew:
//! `GOLDEN=write cargo test -p gamev1-protocol --test golden`; then read the diff. MessagePack stands in hex.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod samples;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use gamev1_protocol::{
    Format, Push, Reply, Request,
    decode::{Incoming, Rules, decode},
    encode,
};
use serde_json::Value;

#[test]
fn requests_are_read_as_they_stand_in_their_files() {
    let mut seen = BTreeSet::new();
    for (name, envelope, request) in samples::requests() {
        seen.insert(request.name());
        assert!(name.starts_with(request.name()), "{name} holds a {}", request.name());
        for format in Format::ALL {
            let frame = hold("requests", name, format, &encoded(format, &envelope));
            let decoded = decode(format, &frame, Rules { strict: true }).unwrap();
            let expected = Incoming { id: envelope.id, request: read_in(format, &request) };
            assert_eq!(decoded, expected, "{name}");
        }
    }
    let known: BTreeSet<_> = Request::TYPES.iter().map(|(name, _)| *name).collect();
    assert_eq!(seen, known, "requests without a golden file");
    nothing_else_is_in("requests", samples::requests().iter().map(|(name, ..)| *name));
}

#[test]
fn replies_are_written_as_they_stand_in_their_files() {
    let mut seen = BTreeSet::new();
    for (name, reply) in samples::replies() {
        seen.insert(match reply {
            Reply::Pong { .. } => "pong",
            Reply::Refreshed { .. } => "refreshed",
            Reply::Joined(_) => "joined",
            Reply::Done {} => "done",
        });
        for format in Format::ALL {
            let frame = encode::reply(format, 7, &reply);
            hold("replies", name, format, &frame);
            let envelope = tree(format, &frame);
            assert_eq!(envelope["id"], 7);
            assert_eq!(envelope["data"], serde_json::to_value(&reply).unwrap());
        }
    }
    assert_eq!(
        seen,
        ["done", "joined", "pong", "refreshed"].into(),
        "replies without a golden file"
    );
    for (name, request, error) in samples::refusals() {
        for format in Format::ALL {
            hold("replies", name, format, &encode::refusal(format, Some(7), request, &error));
        }
    }
    let refusals = samples::refusals();
    let replies = samples::replies();
    let names =
        replies.iter().map(|(name, _)| *name).chain(refusals.iter().map(|(name, ..)| *name));
    nothing_else_is_in("replies", names);
}

#[test]
fn pushes_are_written_and_read_as_they_stand_in_their_files() {
    let mut seen = BTreeSet::new();
    for (name, push) in samples::pushes() {
        seen.insert(push.name());
        assert!(name.starts_with(push.name()), "{name} holds a {}", push.name());
        for format in Format::ALL {
            let frame = hold("pushes", name, format, &encode::push(format, &push));
            assert_eq!(tree(format, &frame)["type"], push.name());
            let read: Push = match format {
                Format::Json => serde_json::from_slice(&frame).unwrap(),
                Format::MsgPack => rmp_serde::from_slice(&frame).unwrap(),
            };
            assert_eq!(read, push, "{name}");
        }
    }
    assert_eq!(seen, Push::TYPES.iter().copied().collect(), "pushes without a golden file");
    let (room, from, payload) = samples::room_message();
    for format in Format::ALL {
        hold(
            "pushes",
            "room.message",
            format,
            &encode::room_message(format, room, from, &payload).unwrap(),
        );
    }
    let error = samples::refusals().remove(0);
    for format in Format::ALL {
        hold("pushes", "error-refused", format, &encode::refusal(format, None, error.1, &error.2));
    }
    let pushes = samples::pushes();
    let names = pushes.iter().map(|(name, _)| *name).chain(["room.message", "error-refused"]);
    nothing_else_is_in("pushes", names);
}

#[test]
fn state_frames_are_written_as_they_stand_in_their_files() {
    for format in Format::ALL {
        for (name, ack, tail) in samples::states(format) {
            let mut frame = Vec::new();
            tail.write(ack, &mut frame);
            assert!(frame.len() <= tail.frame_bytes_max(), "{name}");
            hold("state", name, format, &frame);
        }
    }
    nothing_else_is_in("state", samples::states(Format::Json).iter().map(|(name, ..)| *name));
}

/// Holds a frame against its file, or writes the file; gives the bytes of the file.
fn hold(folder: &str, name: &str, format: Format, frame: &[u8]) -> Bytes {
    let file = path(folder).join(name.to_owned() + ending(format));
    let text = match format {
        Format::Json => String::from_utf8(frame.to_vec()).unwrap() + "\n",
        Format::MsgPack => hex(frame),
    };
    if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
        fs::create_dir_all(path(folder)).unwrap();
        fs::write(&file, &text).unwrap();
    }
    let golden = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}: see the head of this test", file.display()));
    assert_eq!(text, golden, "{}", file.display());
    match format {
        Format::Json => golden.trim_end().to_owned().into(),
        Format::MsgPack => unhex(&golden).into(),
    }
}

fn nothing_else_is_in<'a>(folder: &str, names: impl Iterator<Item = &'a str>) {
    let names: BTreeSet<String> =
        names.flat_map(|name| Format::ALL.map(|format| name.to_owned() + ending(format))).collect();
    let files = fs::read_dir(path(folder)).unwrap();
    let files: BTreeSet<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files.difference(&names).next(), None, "a file that belongs to no message");
}

fn path(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder)
}

fn ending(format: Format) -> &'static str {
    match format {
        Format::Json => ".json",
        Format::MsgPack => ".msgpack.hex",
    }
}

fn encoded<T: serde::Serialize>(format: Format, value: &T) -> Vec<u8> {
    match format {
        Format::Json => serde_json::to_vec(value).unwrap(),
        Format::MsgPack => rmp_serde::to_vec_named(value).unwrap(),
    }
}

fn tree(format: Format, frame: &[u8]) -> Value {
    match format {
        Format::Json => serde_json::from_slice(frame).unwrap(),
        Format::MsgPack => rmp_serde::from_slice(frame).unwrap(),
    }
}

/// The request as it comes in `format`: a payload stays in the format of its sender.
fn read_in(format: Format, request: &Request) -> Request {
    let raw = |raw: &gamev1_protocol::Raw| samples::raw(format, &raw.value("").unwrap());
    let mut request = request.clone();
    match &mut request {
        Request::RoomInput(input) => input.input = raw(&input.input),
        Request::RoomSend(send) => send.payload = raw(&send.payload),
        _ => {}
    }
    request
}

/// Thirty-two bytes a line.
fn hex(bytes: &[u8]) -> String {
    let line =
        |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    bytes.chunks(32).map(line).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}
