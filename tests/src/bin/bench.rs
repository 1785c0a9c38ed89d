//! The load bench: `cargo run --release -p e2e --bin bench -- relay`. Everything is in [`e2e::bench`].

fn main() -> anyhow::Result<()> {
    e2e::bench::main()
}
