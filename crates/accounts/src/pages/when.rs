//! Times as pages and mails show them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maud::{Markup, html};

/// The last second of the year 9999, the last that RFC 3339 can write.
const LAST: u64 = 253_402_300_799;

/// A time in UTC to the second: `2026-03-14T09:32:00Z`. Times that RFC 3339 cannot write are the first or last that it can.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(Duration::from_secs(LAST));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// A time in UTC that is read alike in all languages: `2026-03-14 09:32 UTC`.
pub(crate) fn readable(time: SystemTime) -> String {
    let full = rfc3339(time);
    let to_the_minute = full.rsplit_once(':').map_or(full.as_str(), |(minutes, _)| minutes);
    format!("{} UTC", to_the_minute.replace('T', " "))
}

/// The same as an element of a page.
pub(super) fn time(time: SystemTime) -> Markup {
    html! { time datetime=(rfc3339(time)) { (readable(time)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_can_be_read() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00 UTC"),
            (1_773_480_779, "2026-03-14 09:32 UTC"),
            (LAST + 100, "9999-12-31 23:59 UTC"),
        ] {
            assert_eq!(readable(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
        assert_eq!(readable(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01 00:00 UTC");
    }
}
