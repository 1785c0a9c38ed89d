//! Times as clients read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(time: SystemTime) -> String {
    // Beyond the year 9999 the format has no words.
    let time = time.clamp(UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(253_402_300_799));
    humantime::format_rfc3339_millis(time).to_string()
}

/// Unix milliseconds. A time before 1970 counts as 1970.
pub fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        let time = UNIX_EPOCH + Duration::from_millis(1_767_225_600_250);
        assert_eq!(rfc3339(time), "2026-01-01T00:00:00.250Z");
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00.000Z");
        rfc3339(UNIX_EPOCH + Duration::from_secs(1 << 40));
    }
}
