//! How fast requests follow each other.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Spaces requests evenly.
pub(super) struct Pace {
    gap: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many requests a second; as many as there are, if nothing is said.
    pub(super) fn new(per_second: Option<f64>) -> Self {
        let gap = per_second.and_then(|number| Duration::try_from_secs_f64(1.0 / number).ok());
        Pace { gap, next: Mutex::new(None) }
    }

    /// Waits for the turn of a request.
    pub(super) async fn wait(&self) {
        let Some(gap) = self.gap else { return };
        let turn = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let turn = next.map_or(now, |next| next.max(now));
            *next = Some(turn + gap);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_spaced_and_nothing_waits_without_a_pace() {
        for (per_second, least) in [(Some(200.0), 15), (None, 0), (Some(f64::INFINITY), 0), (Some(0.0), 0)] {
            let (pace, began) = (Pace::new(per_second), Instant::now());
            for _ in 0..4 {
                pace.wait().await;
            }
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(least), "{per_second:?}: {took:?}");
        }
    }
}
