//! The wire of GameV1: ids, messages, codecs and limits. No async, no I/O, no clock.
//!
//! What a client may say is [`Request`], what the server says is [`Reply`] and [`Push`]; both are
//! closed enums. [`decode`] turns a frame into a request and says precisely what was wrong with
//! it; [`encode`] writes frames in either [`Format`].

pub mod close;
pub mod decode;
pub mod encode;
pub mod error;
mod format;
pub mod ids;
mod json;
pub mod limits;
mod msgpack;
pub mod push;
mod raw;
mod reply;
mod request;
mod state_frame;
pub mod view;

pub use close::CloseCode;
pub use error::{ErrorCode, WireError};
pub use format::Format;
pub use ids::{PlayerId, RoomId, Seat, SessionId, SignInId};
pub use push::Push;
pub use raw::Raw;
pub use reply::{Joined, MemberInfo, Reply};
pub use request::{Request, RoomCreate, RoomInput, RoomMatch, RoomSend};
pub use state_frame::{StateOf, StateTail};
