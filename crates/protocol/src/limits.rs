//! Bounds that belong to the wire itself. What an operator may change is in the server's configuration.

/// Largest frame that is read from a client, in bytes.
pub const FRAME_IN_BYTES_MAX: usize = 16 * 1024;
/// Largest state frame that is sent to a client, in bytes.
pub const STATE_FRAME_BYTES_MAX: usize = 64 * 1024;
/// How deeply a client's own JSON or MessagePack values may nest.
pub const DEPTH_MAX: usize = 32;
/// Largest integer on the wire: 2^53 − 1, what a JavaScript number holds exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Unsent reliable frames of one socket: beyond either bound it is closed with 4008.
pub const RELIABLE_BYTES_MAX: usize = 256 * 1024;
pub const RELIABLE_FRAMES_MAX: usize = 4_096;
/// A socket from which nothing has come for this long is sent a Ping; twice that closes it.
pub const HEARTBEAT_MS: u64 = 20_000;
/// How long a cut session keeps its seats.
pub const RESUME_WINDOW_MS: u64 = 30_000;
/// Reason of a close frame, in bytes (RFC 6455 5.5: 125 less the two of the code).
pub const CLOSE_REASON_BYTES_MAX: usize = 123;
/// Metadata of a room, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 2_048;
