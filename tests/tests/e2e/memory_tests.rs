//! Nothing is left of sessions and rooms that are gone.

use e2e::soak;

use crate::with_bomb;

/// Of idle threads and pooled connections there may be some more or less.
const DESCRIPTORS_SPARE: usize = 20;
/// What an allocator may keep of two thousand sessions: a leak of one session's 15 KiB each would be twice as much.
const RSS_SPARE_KIB: u64 = 15 * 1024;

#[tokio::test]
async fn two_thousand_sessions_with_a_room_each_leave_nothing_behind() {
    let soak = soak::run(with_bomb(), 2_000).await;
    assert_eq!(soak.after.counts, soak.before.counts, "{soak}");
    assert!(soak.after.descriptors <= soak.before.descriptors + DESCRIPTORS_SPARE, "{soak}");
    assert!(soak.after.rss_kib <= soak.before.rss_kib + RSS_SPARE_KIB, "{soak}");
}
