//! `make soak`: sessions that come and go by the hundred thousand, and what the server holds afterwards.

use e2e::{server::Setup, soak};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "a table is what this program is for")]
async fn main() {
    let mut args = std::env::args().skip(1);
    let program = args.next().expect("which program is to be soaked?");
    let sessions = args.next().map_or(100_000, |n| n.parse().expect("a number of sessions"));
    let soak = soak::run(Setup::of(program), sessions).await;
    println!("{soak}");
    assert_eq!(soak.after.counts, soak.before.counts, "something is left");
}
