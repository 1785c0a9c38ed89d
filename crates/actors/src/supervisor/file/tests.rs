//! What a supervision file may say, and how its mistakes are told.

mod round_trip;

use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn compiled_in() -> Supervision {
    Supervision::compiled_in().unwrap()
}

/// The compiled-in file with something replaced, as the refusal is told.
fn refusal(from: &str, to: &str) -> String {
    let text = DEFAULT.replacen(from, to, 1);
    assert_ne!(text, DEFAULT, "{from} is not in the file");
    Supervision::parse(&text).unwrap_err().to_string()
}

/// The line at which this stands in the compiled-in file.
fn line(of: &str) -> usize {
    DEFAULT.lines().position(|line| line.contains(of)).unwrap() + 1
}

#[test]
fn the_compiled_in_file_says_what_the_design_wants() {
    let supervision = compiled_in();
    let root = supervision.fixed("root");
    let backoff =
        Backoff { young: ms(250), initial: ms(50), factor: 2.0, max: ms(5_000), jitter: 0.1 };
    let limit = RestartLimit { intensity: 3, period: ms(60_000) };
    assert_eq!(root, StaticSpec { strategy: Strategy::RestForOne, limit, backoff });
    for (name, intensity, quarantine) in
        [("channels", 10, 600), ("rooms", 10, 600), ("sessions", 3, 0)]
    {
        let limit = RestartLimit { intensity, period: ms(10_000) };
        let quarantine = Duration::from_secs(quarantine);
        let shutdown = Shutdown::Within(ms(5_000));
        let expected =
            DynamicSpec { restart: Restart::Transient, limit, backoff, shutdown, quarantine };
        assert_eq!(supervision.dynamic(name), expected, "{name}");
    }
}

#[test]
fn what_the_file_does_not_say_of_a_child_is_otps_default() {
    let supervision = compiled_in();
    assert_eq!(supervision.terms("storage", "store"), TERMS);
    let within = |time| Shutdown::Within(ms(time));
    // As long as its children may take, one after the other, each with the time after a kill.
    let directory = supervision.terms("root", "directory").shutdown;
    let children = below("directory").len() as u64;
    assert_eq!(directory, within(children * 6_000));
    // All at once.
    assert_eq!(supervision.terms("root", "rooms").shutdown, within(6_000));
    assert_eq!(supervision.terms("root", "peers").shutdown, within(2_000));
}

#[test]
fn each_child_and_each_supervisor_may_have_numbers_of_its_own() {
    let text = format!(
        "{DEFAULT}\n[dynamic.sessions.backoff]\ninitial_ms = 10\njitter = 0\n\
         [supervisor.storage.children.store]\nrestart = \"transient\"\nshutdown_ms = 300\n\
         [supervisor.door.children]\nedge = {{ shutdown_ms = \"brutal_kill\" }}\n\
         [supervisor.root.children.rooms]\nshutdown_ms = 60_000\n"
    );
    let supervision = Supervision::parse(&text).unwrap();
    let common = supervision.dynamic("rooms").backoff;
    let own = Backoff { initial: ms(10), jitter: 0.0, ..common };
    assert_eq!(supervision.dynamic("sessions").backoff, own);
    let store = Terms { restart: Restart::Transient, shutdown: Shutdown::Within(ms(300)) };
    assert_eq!(supervision.terms("storage", "store"), store);
    assert_eq!(supervision.terms("root", "storage").shutdown, Shutdown::Within(ms(1_300)));
    assert_eq!(supervision.terms("door", "edge").shutdown, Shutdown::BrutalKill);
    assert_eq!(supervision.terms("root", "rooms").shutdown, Shutdown::Within(ms(60_000)));
}

/// What is replaced by what; where that stands and how many lines further the mistake is told; how.
type Mistake = ((&'static str, &'static str), (&'static str, usize), &'static str);

const MISTAKES: &[Mistake] = &[
    (
        ("strategy = \"rest_for_one\"", "stratgy = \"rest_for_one\""),
        ("strategy = \"rest_for_one\"", 0),
        "supervisor.root.stratgy: expected one of strategy, intensity, period_s, backoff, children, got stratgy",
    ),
    (
        ("strategy = \"rest_for_one\"", "strategy = \"rest_for_all\""),
        ("strategy = \"rest_for_one\"", 0),
        "supervisor.root.strategy: expected one of \"one_for_one\", \"one_for_all\", \"rest_for_one\", got \"rest_for_all\"",
    ),
    (
        ("[dynamic.rooms]", "[dynamic.romms]"),
        ("[dynamic.rooms]", 0),
        "dynamic.romms: expected one of channels, rooms, peers, sessions, got romms",
    ),
    (
        ("[supervisor.door]", "[supervisor.rooms]"),
        ("[supervisor.door]", 0),
        "supervisor.rooms: expected one of root, storage, directory, door, got rooms",
    ),
    (
        ("intensity = 3\n", "intensity = \"three\"\n"),
        ("intensity = 3", 0),
        "supervisor.root.intensity: expected an integer within 0..=1000000, got \"three\"",
    ),
    (
        ("intensity = 3\n", "intensity = -1\n"),
        ("intensity = 3", 0),
        "supervisor.root.intensity: expected an integer within 0..=1000000, got -1",
    ),
    (
        ("intensity = 3\n", "intensity = 3.0\n"),
        ("intensity = 3", 0),
        "supervisor.root.intensity: expected an integer within 0..=1000000, got 3.0",
    ),
    (
        ("intensity = 3\nperiod_s = 60", "intensity = 3\nperiod_s = 0"),
        ("intensity = 3", 1),
        "supervisor.root.period_s: expected an integer within 1..=86400, got 0",
    ),
    (
        ("intensity = 3\n", "\n"),
        ("[supervisor.root]", 0),
        "supervisor.root.intensity: expected an integer within 0..=1000000, got nothing",
    ),
    (
        ("jitter = 0.1", "jitter = 1.5"),
        ("jitter = 0.1", 0),
        "backoff.jitter: expected a number within 0.0..=1.0, got 1.5",
    ),
    (
        ("jitter = 0.1", "jitter = nan"),
        ("jitter = 0.1", 0),
        "backoff.jitter: expected a number within 0.0..=1.0, got nan",
    ),
    (
        ("factor = 2.0", "factor = 0.5"),
        ("factor = 2.0", 0),
        "backoff.factor: expected a number within 1.0..=100.0, got 0.5",
    ),
    (
        ("max_ms = 5000", "max_ms = 49"),
        ("max_ms = 5000", 0),
        "backoff.max_ms: expected at least initial_ms, which is 50, got 49",
    ),
    (
        ("shutdown_ms = 1000", "shutdown_ms = \"infinity\""),
        ("shutdown_ms = 1000", 0),
        "dynamic.peers.shutdown_ms: expected an integer within 1..=600000 or \"brutal_kill\", got \"infinity\"",
    ),
    (
        ("[dynamic.sessions]\n", "[dynamic.sessions]\nquarantine_s = 600\n"),
        ("[dynamic.sessions]", 1),
        "dynamic.sessions.quarantine_s: expected one of restart, intensity, period_s, shutdown_ms, backoff, got quarantine_s",
    ),
];

#[test]
fn a_mistake_is_told_with_line_key_what_was_expected_and_what_was_given() {
    for &((from, to), (at, further), what) in MISTAKES {
        assert_eq!(refusal(from, to), format!("{}: {what}", line(at) + further));
    }
}

#[test]
fn children_are_those_of_the_tree_and_supervisors_have_terms_that_are_safe() {
    let with = |more: &str| Supervision::parse(&format!("{DEFAULT}{more}")).unwrap_err();
    let last = DEFAULT.lines().count();
    let told = [
        (
            "[supervisor.storage.children.stor]\n",
            "supervisor.storage.children.stor: expected only store, got stor",
        ),
        (
            "[supervisor.root.children.rooms]\nrestart = \"transient\"\n",
            "supervisor.root.children.rooms.restart: expected only \"permanent\", got \"transient\"",
        ),
        (
            "[supervisor.root.children.rooms]\nshutdown_ms = 5999\n",
            "supervisor.root.children.rooms.shutdown_ms: expected at least 6000, which is what its own children may \
             take, got 5999",
        ),
        (
            "[supervisor.root.children.rooms]\nshutdown_ms = \"brutal_kill\"\n",
            "supervisor.root.children.rooms.shutdown_ms: expected an integer within 1..=3600000, got \"brutal_kill\"",
        ),
        (
            "[supervisor.storage]\n",
            "TOML: expected a key with a value, or a table, got duplicate key",
        ),
        (
            "[supervisor.door.children]\nedge = []\n",
            "supervisor.door.children.edge: expected a table, got an array",
        ),
    ];
    for (more, what) in told {
        let error = with(more);
        assert_eq!(format!("{}: {what}", error.line), error.to_string());
        assert!(error.line > last, "{error}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let error = Supervision::parse("[backoff]\nyoung_ms = 250\nthis is no TOML\n").unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (3, "TOML"));
    let error = Supervision::parse("").unwrap_err().to_string();
    assert_eq!(error, "1: backoff.young_ms: expected an integer within 0..=3600000, got nothing");
}

#[test]
fn what_is_printed_is_read_again_as_the_same() {
    let printed = compiled_in().to_string();
    assert_eq!(Supervision::parse(&printed).unwrap(), compiled_in(), "{printed}");
    // Everything is in it: nothing is left to a default.
    for name in below(ROOT).into_iter().chain([ROOT]) {
        assert!(printed.contains(&format!(".{name}]\n")), "{name} in {printed}");
        for child in below(name) {
            let child = format!("\n{child} = {{ restart = \"permanent\", shutdown_ms = ");
            assert!(printed.contains(&child), "{child} in {printed}");
        }
    }
    assert_eq!(printed.matches("jitter = ").count(), below(ROOT).len() + 2);
}
