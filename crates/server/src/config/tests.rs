//! Precedence, what is refused, and that the manual says what the program does.

use clap::{CommandFactory, Parser};

use super::{command::Cli, command::Command, settings::Span, *};

fn flags(args: &[&str]) -> Settings {
    let cli = Cli::try_parse_from(["gamev1", "serve"].iter().chain(args)).unwrap();
    match cli.command {
        Command::Serve(serve) => serve.settings,
        other => panic!("{other:?}"),
    }
}

fn refusal(args: &[&str]) -> String {
    Config::resolve(flags(args)).unwrap_err().to_string()
}

#[test]
fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
    let file: Settings = toml::from_str("addr = '127.0.0.1:1'\nrooms_max = 7").unwrap();
    let config = Config::resolve(flags(&["--addr", "127.0.0.1:2"]).or(file)).unwrap();
    assert_eq!(config.addr.port(), 2);
    assert_eq!(config.limits.rooms_max, 7);
    assert_eq!(config.connections_max, 20_000);
}

#[test]
fn every_setting_is_read_from_its_variable() {
    // Variables are clap's: the process's own are not changed here, where other tests run beside.
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for arg in serve.get_arguments().filter(|arg| arg.get_long().is_some_and(|long| long != "help"))
    {
        let long = arg.get_long().unwrap();
        let own = long.to_uppercase().replace('-', "_");
        // Named as everybody names them, so that what is set up for another program serves.
        let shared = long.starts_with("rate-limit-") || long == "database-url";
        let expected = if shared { own } else { format!("GAMEV1_{own}") };
        assert_eq!(arg.get_env().unwrap().to_str(), Some(expected.as_str()), "--{long}");
    }
}

#[test]
fn the_defaults_are_those_that_the_help_tells() {
    let mut told = Vec::new();
    for (flag, default) in defaults_told() {
        if !default.contains("none") && !default.contains("compiled in") {
            told.push(format!("--{flag}={default}"));
        }
    }
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    assert_eq!(flags(&told), Settings::defaults());
}

#[test]
fn the_manual_has_every_setting_with_its_flag_variable_key_and_default() {
    let manual = include_str!("../../../../docs/configuration.md");
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let mut rows = 0;
    for (flag, default) in defaults_told() {
        let arg = serve.get_arguments().find(|arg| arg.get_long() == Some(flag.as_str())).unwrap();
        let variable = arg.get_env().unwrap().to_str().unwrap();
        let key =
            if flag == "config" { String::new() } else { format!("`{}`", flag.replace('-', "_")) };
        let default = match default.as_str() {
            words if words.contains(' ') || words == "none" => words.to_owned(),
            value => format!("`{value}`"),
        };
        let row = format!("| `--{flag}` | `{variable}` | {key} | {default} |");
        assert!(manual.contains(&row), "docs/configuration.md lacks the row\n{row}");
        rows += 1;
    }
    assert_eq!(manual.matches("\n| `--").count(), rows, "docs/configuration.md has a row too many");
}

/// Flag and default of each setting, as `--help` tells them.
fn defaults_told() -> Vec<(String, String)> {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let told = serve.get_arguments().filter(|arg| arg.get_long() != Some("help")).map(|arg| {
        let help = arg.get_help().unwrap().to_string();
        let default = help.rsplit_once("[default: ").unwrap().1.trim_end_matches(']').to_owned();
        (arg.get_long().unwrap().to_owned(), default)
    });
    told.collect()
}

#[test]
fn an_unknown_key_of_the_file_is_refused_with_file_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gamev1.toml");
    fs::write(&path, "addr = '127.0.0.1:1'\nadress = 'x'\n").unwrap();
    let error = read_file(Some(&path)).unwrap_err().to_string();
    for part in ["gamev1.toml", "line 2", "adress", "`addr`"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    fs::write(&path, "rooms_max = 'many'\n").unwrap();
    let error = read_file(Some(&path)).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("many"), "{error}");
    let missing = read_file(Some(&dir.path().join("other.toml"))).unwrap_err().to_string();
    assert!(missing.contains("other.toml"), "{missing}");
}

#[test]
fn lists_and_times_are_written_as_people_write_them() {
    let file: Settings = toml::from_str(
        "origins = ['https://a.example']\ntrusted_proxies = ['10.0.0.0/8']\ndrain_budget = '1m 30s'\ndev = true",
    )
    .unwrap();
    assert_eq!(file.drain_budget, Some(Span(Duration::from_secs(90))));
    assert_eq!(file.dev, Some(true));
    let given = flags(&["--origins", "https://a.example,https://b.example", "--dev"]);
    assert_eq!(given.origins.unwrap().len(), 2);
    assert_eq!(given.dev, Some(true));
    assert_eq!(flags(&["--dev=false"]).dev, Some(false));
    assert_eq!(flags(&[]).dev, None);
}

#[test]
fn dev_mode_stays_on_this_machine_and_others_need_a_proxy() {
    assert!(refusal(&["--dev", "--addr", "0.0.0.0:8080"]).contains("loopback"));
    assert!(refusal(&["--dev", "--addr", "192.168.1.5:80", "--behind-proxy"]).contains("loopback"));
    assert!(refusal(&["--addr", "0.0.0.0:8080"]).contains("--behind-proxy"));
    assert!(Config::resolve(flags(&["--addr", "0.0.0.0:8080", "--behind-proxy"])).is_ok());
    assert!(Config::resolve(flags(&["--dev", "--addr", "[::1]:8080"])).is_ok());
}

#[test]
fn numbers_out_of_range_are_refused_by_name() {
    for (args, name) in [
        (["--connections-max", "0"], "connections_max"),
        (["--rooms-max", "0"], "rooms_max"),
        (["--sockets-per-player-max", "0"], "sockets_per_player_max"),
        (["--drain-budget", "1h"], "drain_budget"),
        (["--rate-limit-auth-ip-burst", "0"], "rate_limit_auth_ip"),
        (["--log", "gamev1=loud"], "log"),
        (["--supervision", "/nonexistent.toml"], "/nonexistent.toml"),
    ] {
        let error = refusal(&args);
        assert!(error.contains(name), "{args:?}: {error}");
    }
}

#[test]
fn lifting_the_rates_lifts_all_of_them() {
    let config = Config::resolve(flags(&["--rate-limit-enabled", "false"])).unwrap();
    assert_eq!(config.rates, None);
    assert_eq!(config.connections_per_address_max, None);
    assert_eq!((config.limits.gameplay, config.limits.creates), (None, None));
    assert_eq!(config.limits.sockets_per_player, 5);
}

#[test]
fn the_old_plans_bursts_cap_the_gameplay_rate() {
    let gameplay = |args: &[&str]| Config::resolve(flags(args)).unwrap().limits.gameplay.unwrap();
    assert_eq!(gameplay(&[]), Rate { per_second: 30.0, burst: 60 });
    let set = gameplay(&["--rate-limit-gameplay-user-burst", "10"]);
    assert_eq!(set, Rate { per_second: 30.0, burst: 10 });
    let set = gameplay(&["--rate-limit-gameplay-user-sustained", "600"]);
    assert_eq!(set, Rate { per_second: 10.0, burst: 60 });
}
