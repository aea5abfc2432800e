//! What gateways tell each other, read again and again; and the seconds by which an attack is judged.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::notice::notice;
use crate::state::State;

/// The time between two looks at the board: a ban holds everywhere within a second.
const PERIOD: Duration = Duration::from_millis(400);
const SECOND: Duration = Duration::from_secs(1);

/// Reads the board until the gateway ends. A server that hangs holds up nothing but this.
pub(crate) async fn read_board(state: Arc<State>) {
    let mut look = tokio::time::interval(PERIOD);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_away = false;
    loop {
        look.tick().await;
        match state.guard.read_board(SystemTime::now()).await {
            Ok(()) if is_away => {
                is_away = false;
                notice(&state, "bans are shared again");
            }
            Err(error) if !is_away => {
                is_away = true;
                notice(&state, &format!("bans are not shared; those that are known hold on: {error}"));
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Looks at every second that is over, until the gateway ends.
pub(crate) async fn count_seconds(state: Arc<State>) {
    let mut second = tokio::time::interval(SECOND);
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        state.guard.tick();
        if let Some(news) = state.closed.news(Instant::now()) {
            notice(&state, &news);
        }
    }
}
