//! Closing a socket so that the client learns why.

use std::{future::poll_fn, time::Duration};

use gamev1_protocol::CloseCode;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::wire::Wire;

/// How long a client may take to read the close frame, and then to hang up.
const TELL_WITHIN: Duration = Duration::from_secs(2);
const LINGER_FOR: Duration = Duration::from_secs(1);
/// What is read and thrown away meanwhile.
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// Sends the close frame and waits for the client to hang up: a socket dropped with unread input would be reset by
/// the kernel, and the reason with it.
pub(super) async fn close<S>(mut wire: Wire<S>, code: CloseCode, retry_after_ms: Option<u64>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    wire.close(code as u16, &code.reason(retry_after_ms));
    let told = timeout(TELL_WITHIN, poll_fn(|cx| wire.poll_send(cx))).await;
    if !matches!(told, Ok(Ok(()))) {
        return;
    }
    let mut stream = wire.into_stream();
    let linger = async {
        // Either side may be gone already: there is nobody left to tell.
        let _ = stream.shutdown().await;
        let mut buffer = [0; 1024];
        let mut read = 0;
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            read += n;
            if read > LINGER_BYTES_MAX {
                break;
            }
        }
    };
    let _ = timeout(LINGER_FOR, linger).await;
}
