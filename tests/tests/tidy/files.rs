//! Rules for each file.

use super::{
    assert_none,
    tree::{File, exists, files, sources},
};

const LINES_MAX: usize = 400;

/// Rules as plain values: no actor, no runtime, no clock.
const PURE: [&str; 7] =
    ["state.rs", "plan.rs", "restart.rs", "recovery.rs", "views.rs", "schedule.rs", "lanes.rs"];

const IMPURE: [&str; 6] =
    ["ractor", "tokio", ".await", "Instant::now", "SystemTime::now", "std::thread"];

/// The lines of code, without comments and doc comments, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn every_file_says_in_its_first_line_what_lives_here() {
    let files = files();
    let without = files.iter().filter(|file| file.is_rust() && !file.text.starts_with("//! "));
    let wrong: Vec<_> = without.map(|file| file.path.clone()).collect();
    assert_none("no `//!` in the first line", &wrong);
}

#[test]
fn no_file_is_longer_than_one_reads() {
    let files = files();
    let long = files.iter().filter(|file| file.is_rust() && file.text.lines().count() > LINES_MAX);
    let wrong: Vec<_> =
        long.map(|file| format!("{}: {}", file.path, file.text.lines().count())).collect();
    assert_none(&format!("more than {LINES_MAX} lines"), &wrong);
}

#[test]
fn rules_name_no_actor_no_runtime_and_no_clock() {
    let files = files();
    let pure = |file: &&File| PURE.contains(&file.name());
    let mut wrong = Vec::new();
    for file in sources(&files).filter(pure) {
        for (at, line) in code(file.without_tests()) {
            let named = IMPURE.iter().filter(|word| line.contains(*word));
            wrong.extend(named.map(|word| format!("{}:{at} names {word}", file.path)));
        }
    }
    assert_none("not pure", &wrong);
}

#[test]
fn a_directory_of_modules_has_the_file_that_declares_them_beside_it() {
    let files = files();
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        if file.name() == "mod.rs" {
            wrong.push(format!("{} is a mod.rs", file.path));
        }
        let Some((crate_dir, inner)) = file.path.split_once("/src/") else { continue };
        let mut directories: Vec<_> = inner.split('/').collect();
        directories.pop();
        // `src/bin` holds programs, each a root of its own.
        if directories.first() != Some(&"bin") && !directories.is_empty() {
            let beside = format!("{crate_dir}/src/{}.rs", directories.join("/"));
            if !exists(&beside) {
                wrong.push(format!("{} has no {beside}", file.path));
            }
        }
    }
    assert_none("modules", &wrong);
}

#[test]
fn nothing_outside_tests_gives_up_with_a_panic() {
    const GIVES_UP: [&str; 7] = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
        ".unwrap_err()",
    ];
    let files = files();
    let mut wrong = Vec::new();
    for file in sources(&files) {
        for (at, line) in code(file.without_tests()) {
            if GIVES_UP.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{at} {}", file.path, line.trim()));
            }
        }
    }
    assert_none("a panic that is not a test's", &wrong);
}

#[test]
fn no_file_knows_the_machine_that_it_was_written_on() {
    // Put together, so that this file does not name them. Of the superuser's home only what is hidden in it: `/root/rooms`
    // is a place in the supervision tree.
    let machine = [["/wo", "rk/"].concat(), ["/ro", "ot/."].concat(), ["/ho", "me/"].concat()];
    let files = files();
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.path.contains("/tests/golden/")) {
        for (at, line) in file.text.lines().enumerate() {
            if machine.iter().any(|path| line.contains(path)) {
                wrong.push(format!("{}:{} {}", file.path, at + 1, line.trim()));
            }
        }
    }
    assert_none("paths of a machine", &wrong);
}

#[test]
fn names_say_what_a_file_is_about() {
    const EMPTY: [&str; 7] =
        ["util.rs", "utils.rs", "common.rs", "helpers.rs", "manager.rs", "types.rs", "misc.rs"];
    let files = files();
    let empty = files.iter().filter(|file| EMPTY.contains(&file.name()));
    let wrong: Vec<_> = empty.map(|file| file.path.clone()).collect();
    assert_none("names that say nothing", &wrong);
}

#[test]
fn nothing_is_left_to_do_in_a_comment() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X:"].concat()];
    let files = files();
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() || file.path.ends_with("js")) {
        for (at, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                wrong.push(format!("{}:{} {}", file.path, at + 1, line.trim()));
            }
        }
    }
    assert_none("left to do", &wrong);
}
