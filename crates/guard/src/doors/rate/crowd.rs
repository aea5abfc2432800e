//! Requests at once: more than the gateway can serve, or than one client has use for, are refused before anything is read of
//! them. When it gets crowded, those who are known are served last of all refused.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use policy::BuiltInDoor;

use crate::decision::Refusal;
use crate::decision::ruling::{Ruling, enforced};
use crate::exchange::Exchange;
use crate::in_flight::Full;

/// How many may be under way; 0 for any number.
fn most(ruling: Ruling<'_>) -> usize {
    let usual = || ruling.state.most_requests.load(Ordering::Relaxed);
    ruling.engine.policy.rate.max_requests.unwrap_or_else(usual)
}

/// Gives a request its place, until its answer has left.
pub(crate) fn enter(x: &Exchange<'_>, ruling: Ruling<'_>) -> Result<(), Refusal> {
    // How many a process can serve is no question of the door's mode.
    let of_client =
        if enforced(x, BuiltInDoor::Rate) { ruling.engine.policy.rate.max_requests_per_client } else { 0 };
    match ruling.state.in_flight.enter(x.client, most(ruling), of_client) {
        Ok(place) => {
            x.account.takes(place);
            Ok(())
        }
        Err(Full::All(count)) => {
            let evidence = format!("{count} requests are under way (`[rate] max_requests`)");
            Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "crowded", evidence))
        }
        Err(Full::Client(count)) => {
            let evidence =
                format!("{count} requests of this client are under way (`[rate] max_requests_per_client`)");
            Err(refusal(StatusCode::TOO_MANY_REQUESTS, "at-once", evidence))
        }
    }
}

/// Refuses a caller whom nobody knows when it gets crowded.
pub(super) fn shed(x: &Exchange<'_>, ruling: Ruling<'_>) -> Option<Refusal> {
    let most = most(ruling);
    let is_crowded = most > 0 && ruling.state.in_flight.all() > most - most / 5;
    (is_crowded && x.principal.is_none() && x.as_it_came().is_none()).then(|| {
        let evidence =
            format!("more than four fifths of {most} requests are under way, and this one has no credential");
        refusal(StatusCode::SERVICE_UNAVAILABLE, "crowded", evidence)
    })
}

/// How long a refusal is held back: who asks again at once, again and again, costs more than one who waits.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

pub(super) fn refusal(status: StatusCode, rule: &'static str, evidence: String) -> Refusal {
    Refusal::new(status, rule, evidence).header(RETRY_AFTER, HeaderValue::from_static("1"))
}
