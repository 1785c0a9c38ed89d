//! The accept loop. An error of one connection is that connection's; one of the process is waited out.

use std::{io, time::Duration};

use tokio::net::TcpListener;

use super::Serve;

const WAIT_FIRST: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_secs(1);

pub(super) async fn run(listener: &TcpListener, serve: &dyn Serve) {
    let mut failures: u32 = 0;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                failures = 0;
                serve.serve(stream, peer);
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                let wait = wait_after(failures);
                failures = failures.saturating_add(1);
                if failures.is_power_of_two() {
                    tracing::error!(%error, failures, ?wait, "no connection can be accepted for now");
                }
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Whether the connection went away before it was accepted.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Out of file descriptors or memory: the next try would fail at once, and spin.
fn wait_after(failures: u32) -> Duration {
    WAIT_FIRST.saturating_mul(1 << failures.min(16)).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_descriptors_waits_longer_each_time_up_to_a_second() {
        let waits: Vec<_> = (0..9).map(|failures| wait_after(failures).as_millis()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
        assert_eq!(wait_after(u32::MAX), WAIT_MAX);
    }

    #[test]
    fn a_connection_that_is_gone_is_no_reason_to_wait() {
        assert!(is_the_clients(&io::ErrorKind::ConnectionAborted.into()));
        assert!(!is_the_clients(&io::Error::from_raw_os_error(24)));
    }
}
