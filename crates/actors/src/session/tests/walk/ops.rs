//! What may happen to a session.

use proptest::prelude::*;

use super::peer::What;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Ask(What),
    Ping,
    /// The room tells its members something that counts.
    Push,
    /// So many frames reach the server.
    Arrive(usize),
    /// The server's socket takes so many frames, and so many reach the client.
    Serve(usize, usize),
    Wait(u64),
    /// So many frames that are under way reach the server and the client; no others do.
    Cut(usize, usize),
    Resume,
    /// The client asks to come back and hangs up.
    ResumeInVain,
    SessionCrash,
    RoomCrash,
    /// The process stops in order and another one begins. So many frames still arrive in either direction.
    Stop(usize, usize),
    /// The process is no more, and has said nothing.
    Death(usize, usize),
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let few = || prop_oneof![3 => 0usize..4, 1 => Just(usize::MAX)];
    let what = prop_oneof![
        6 => Just(What::Send),
        1 => Just(What::Create),
        2 => Just(What::Sync),
        1 => Just(What::Refresh),
        3 => Just(What::Dance),
    ];
    prop_oneof![
        14 => what.prop_map(Op::Ask),
        2 => Just(Op::Ping),
        6 => Just(Op::Push),
        8 => few().prop_map(Op::Arrive),
        8 => (few(), few()).prop_map(|(serve, read)| Op::Serve(serve, read)),
        2 => (0u64..3_000).prop_map(Op::Wait),
        4 => (few(), few()).prop_map(|(arrive, read)| Op::Cut(arrive, read)),
        6 => Just(Op::Resume),
        1 => Just(Op::ResumeInVain),
        1 => Just(Op::SessionCrash),
        1 => Just(Op::RoomCrash),
        2 => (few(), few()).prop_map(|(arrive, read)| Op::Stop(arrive, read)),
        1 => (few(), few()).prop_map(|(arrive, read)| Op::Death(arrive, read)),
    ]
}
