//! What is counted and noted of one exchange while it is under way, for its line and for the metrics.
//!
//! Bodies, streams and tunnels outlive the exchange; they share its account.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::{HOST, HeaderName, HeaderValue, REFERER, USER_AGENT};
use identity::Principal;
use parking_lot::Mutex;
use pin_project_lite::pin_project;

use crate::in_flight::Place;
use crate::seats::Seat;

/// What is known of a client's connection, in the extensions of each request on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClientConnection {
    /// The version of TLS that it speaks: `TLSv1.3`.
    pub tls: Option<&'static str>,
    /// The name that it asked for in the handshake (SNI).
    pub server_name: Option<Arc<str>>,
    /// What its handshake shows of the program (JA4).
    pub ja4: Option<Arc<str>>,
    /// Who it is by the certificate that it showed, which was verified.
    pub certificate: Option<Arc<Principal>>,
    /// The id that a proxy gave it (PROXY protocol, `UNIQUE_ID`).
    pub id: Option<Arc<str>>,
}

/// The upstream that has answered, in the extensions of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedBy(pub Arc<str>);

/// The account of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) host: Option<HeaderValue>,
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) referrer: Option<HeaderValue>,
    /// The id that a trusted proxy gave the request.
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) connection: ClientConnection,
    upstream: OnceLock<ServedBy>,
    /// The gravest verdict so far.
    gravest: AtomicU8,
    received: AtomicU64,
    /// Nanoseconds in which the exchange was worked on, and those of them in which the forwarding code was.
    worked: AtomicU64,
    forwarded: AtomicU64,
    /// Nanoseconds in which an upstream was waited for.
    waited: AtomicU64,
    /// Its place among the requests under way.
    place: OnceLock<Place>,
    /// Its seats under limits on what is under way at the same time.
    seats: Mutex<Vec<Seat>>,
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Account {
    /// The account of a request with these headers, as it comes from a trusted proxy or from anybody.
    pub(crate) fn new(headers: &HeaderMap, is_trusted: bool, connection: ClientConnection) -> Self {
        let get = |name| headers.get(name).cloned();
        let request_id = get(X_REQUEST_ID).filter(|id| is_trusted && is_request_id(id));
        Account {
            host: get(HOST),
            user_agent: get(USER_AGENT),
            referrer: get(REFERER),
            request_id,
            connection,
            ..Account::default()
        }
    }

    /// The id that a trusted proxy gave the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref().and_then(|id| id.to_str().ok())
    }

    /// It is under way until its account is closed.
    pub(crate) fn takes(&self, place: Place) {
        let _ = self.place.set(place);
    }

    /// It keeps a seat until its account is closed.
    pub(crate) fn sits(&self, seat: Seat) {
        self.seats.lock().push(seat);
    }

    /// Bytes of the request's body were read, or came through its tunnel.
    pub(crate) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn received_bytes(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// A verdict of this gravity was written down.
    pub(crate) fn judged(&self, gravity: u8) {
        self.gravest.fetch_max(gravity, Ordering::Relaxed);
    }

    pub(crate) fn gravest(&self) -> u8 {
        self.gravest.load(Ordering::Relaxed)
    }

    pub(crate) fn served_by(&self, upstream: Option<ServedBy>) {
        if let Some(upstream) = upstream {
            let _ = self.upstream.set(upstream);
        }
    }

    pub(crate) fn upstream(&self) -> Option<&Arc<str>> {
        self.upstream.get().map(|ServedBy(name)| name)
    }

    /// The time in which an upstream was waited for.
    pub(crate) fn upstream_time(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }

    /// The time in which the doors worked.
    pub(crate) fn guard_time(&self) -> Duration {
        let forwarded = self.forwarded.load(Ordering::Relaxed);
        Duration::from_nanos(self.worked.load(Ordering::Relaxed).saturating_sub(forwarded))
    }

    /// Counts the time in which an exchange is worked on, not the time in which it waits.
    pub(crate) fn working<F: Future>(&self, work: F) -> Timed<'_, F> {
        Timed { work, spent: &self.worked }
    }

    /// Counts the time in which an upstream is waited for.
    pub(crate) async fn forwarding<F: Future>(&self, work: F) -> F::Output {
        let began = Instant::now();
        let answer = Timed { work, spent: &self.forwarded }.await;
        add(&self.waited, began);
        answer
    }
}

/// Bounded and printable: the id goes into headers and logs.
fn is_request_id(id: &HeaderValue) -> bool {
    const LONGEST: usize = 128;
    let id = id.as_bytes();
    (1..=LONGEST).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_graphic())
}

fn add(to: &AtomicU64, since: Instant) {
    to.fetch_add(u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

pin_project! {
    /// A future whose polls are timed.
    pub(crate) struct Timed<'a, F> {
        #[pin]
        work: F,
        spent: &'a AtomicU64,
    }
}

impl<F: Future> Future for Timed<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let began = Instant::now();
        let polled = this.work.poll(cx);
        add(this.spent, began);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_names_a_request_and_only_in_a_line() {
        let long = "a".repeat(129);
        for (id, is_trusted, kept) in [
            ("7b1f-42", true, true),
            ("7b1f-42", false, false),
            ("two words", true, false),
            ("", true, false),
            (long.as_str(), true, false),
        ] {
            let headers = HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_str(id).unwrap())]);
            let account = Account::new(&headers, is_trusted, ClientConnection::default());
            assert_eq!(account.request_id.is_some(), kept, "{id} {is_trusted}");
        }
    }
}
