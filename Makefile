# `make run` plays, `make test` checks everything that CI checks, `make bench` measures.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run

# A failed test says where. The servers under test run without: drawing a backtrace takes longer than a restart.
export RUST_BACKTRACE ?= 1

TARGET = $${CARGO_TARGET_DIR:-target}
BROWSER = tests/browser/node_modules/.package-lock.json
SCHEMATHESIS = target/schemathesis/bin/schemathesis
BENCH = cargo run --release --locked --package e2e --bin bench --

.PHONY: run test check client browser description tools bench soak

run:
	cargo run --release --locked --package gamev1-server -- serve --dev

# cargo test comes last, so that what it says stands at the end.
test: check client browser description
	cargo test --workspace --locked

check: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings

client: tools
	node --test --test-reporter=spec clients/js/test/*.test.js

# The JavaScript client and two real tabs, each against a real server. Node 20 has no WebSocket of its own: the
# client's live tests find one beside the browser's.
browser: tools $(BROWSER)
	cargo test --workspace --locked --no-run
	$(TARGET)/debug/with-server node --test --test-reporter=spec clients/js/test/live/*.test.js
	CHROMIUM="$$(command -v chromium)" $(TARGET)/debug/with-server node --test --test-reporter=spec tests/browser/*.test.mjs

$(BROWSER): tests/browser/package-lock.json | tools
	cd tests/browser && npm ci --no-audit --no-fund
	touch $@

# Whether the server answers as /openapi.json says: thousands of right and wrong calls, as four kinds of callers.
description: tools $(SCHEMATHESIS)
	cargo test --workspace --locked --no-run
	$(TARGET)/debug/check-description $(SCHEMATHESIS)

$(SCHEMATHESIS): tests/schemathesis/requirements.txt | tools
	python3 -m venv --clear target/schemathesis
	target/schemathesis/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# What the tests need and this machine lacks, from Debian.
tools:
	@missing=(); \
	need() { command -v "$$1" > /dev/null || missing+=("$${@:2}"); }; \
	need cc gcc libc6-dev; need git git; need node nodejs; need npm npm; need chromium chromium; need promtool prometheus; \
	python3 -c 'import ensurepip' 2> /dev/null || need ensurepip python3-venv; \
	ls /usr/lib/postgresql/*/bin/postgres > /dev/null 2>&1 || need postgres postgresql; \
	if (( $${#missing[@]} )); then \
		as_root=(); (( EUID == 0 )) || as_root=(sudo); \
		echo "installing $${missing[*]}"; \
		"$${as_root[@]}" apt-get update; \
		"$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$${missing[@]}"; \
	fi

# By hand, on a quiet machine; docs/benchmarks.md says how to read it.
bench:
	cargo bench --workspace --locked --bench '*'
	$(BENCH) relay
	$(BENCH) arena
	$(BENCH) crash
	$(BENCH) order
	$(BENCH) restart
	$(BENCH) tokens
	$(BENCH) me
	$(BENCH) logins
	$(BENCH) idle

# By hand: a hundred thousand sessions that come and go, and what the server holds afterwards.
soak:
	cargo build --release --locked --package e2e --bin gamev1-e2e --bin soak
	$(TARGET)/release/soak $(TARGET)/release/gamev1-e2e
