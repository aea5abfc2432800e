//! How many requests the hardened shop answers.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// At most 2,000 requests in five minutes ([guide §4]).
///
/// [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting
#[derive(Default)]
pub(crate) struct RequestLimit(Mutex<Option<(Instant, u32)>>);

impl RequestLimit {
    /// Counts a request. Whether it is one too many.
    pub(crate) fn is_exceeded(&self) -> bool {
        const WINDOW: Duration = Duration::from_secs(300);
        const ALLOWED: u32 = 2000;
        let mut window = self.0.lock();
        let (start, count) =
            window.filter(|(start, _)| start.elapsed() < WINDOW).unwrap_or((Instant::now(), 0));
        *window = Some((start, count.saturating_add(1)));
        count >= ALLOWED
    }

    pub(crate) fn clear(&self) {
        *self.0.lock() = None;
    }
}
