//! Connections that are turned away before HTTP is read from them.

use http::StatusCode;

use guard::{Admission, Peer, Refusal};

use crate::support::{Recorder, Running, status, until};

/// Turns away everybody, or panics.
struct Closed {
    panics: bool,
}

impl Admission for Closed {
    fn refuse(&self, peer: &Peer) -> Option<Refusal> {
        assert!(!self.panics, "on purpose");
        Some(Refusal::new(StatusCode::FORBIDDEN, "banned", peer.address.to_string()))
    }
}

struct Open;

impl Admission for Open {
    fn refuse(&self, _: &Peer) -> Option<Refusal> {
        None
    }
}

#[test]
fn a_peer_that_is_turned_away_gets_no_byte_and_reaches_nothing() {
    for (panics, event) in [
        (false, ["\"door\":\"admission\"", "\"rule\":\"banned\"", "\"verdict\":\"refused\""]),
        (true, ["\"door\":\"guard\"", "\"rule\":\"panic\"", "\"verdict\":\"failed\""]),
    ] {
        let upstream = Recorder::plain();
        let gate = Running::with_admission(Closed { panics }, &upstream.url());
        assert_eq!(gate.get("/"), "");
        until("an event", || gate.events.has(&event));
        assert_eq!(upstream.take(), "");
    }
}

#[test]
fn a_peer_that_is_let_in_is_served() {
    let upstream = Recorder::plain();
    let gate = Running::with_admission(Open, &upstream.url());
    assert_eq!(status(&gate.get("/")), 200);
}
