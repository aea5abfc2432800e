//! The exchange: one request with everything that is known about it, parsed once.

mod attempt;
mod declared;
pub(crate) mod forwarded;
mod header_order;
mod held_body;
pub(crate) mod id;
pub(crate) mod peer;
mod reading;
pub(crate) mod target;
mod verified_by;

use std::net::IpAddr;
use std::sync::Arc;
#[cfg(feature = "graphql")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32};
use std::time::{Instant, SystemTime};

use http::header::{COOKIE, HOST, HeaderName, HeaderValue, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Method, Version};
use identity::Principal;
#[cfg(feature = "graphql")]
use inputs::GraphqlShape;
use inputs::grpc;
use openapi::Operation;
use policy::{Carries, CountedOutcome, Destination, ListAction, RoutePolicy};
use reputation::browsers::HeaderOrder;
use store::{CounterKey, Outcome, Quota, Take, Ticket, millis};

use crate::account::{Account, ClientConnection};
use crate::engine::Engine;
use crate::held::Share;
use crate::seats::Seat;
use crate::wire::headers::{content_type, media_type};
pub(crate) use attempt::Attempt;
pub(crate) use declared::Declared;
pub(crate) use held_body::HeldBody;
use id::EventId;
use peer::{Peer, Transport};
pub(crate) use reading::logs_in;
use reading::{Reading, Readings, Site, named_methods};
use target::{Target, TargetError};
pub(crate) use verified_by::VerifiedBy;

/// The status in the line of a request whose client left before it had an answer, as nginx has it.
pub(crate) const CLIENT_LEFT: u16 = 499;

/// An account that a request logs in to.
#[derive(Debug)]
pub(crate) struct LogInAccount {
    /// All its names together.
    pub(crate) key: CounterKey,
    /// Each name by itself. A client can add names that the API does not read: which of them is the account's is not
    /// known. None of them where there are too many.
    pub(crate) names: Vec<CounterKey>,
}

/// A request and what is known about it. Lives as long as the policy that it is judged by.
#[derive(Debug)]
pub struct Exchange<'e> {
    /// Its id, for the client and for the log.
    pub id: EventId,
    /// When its head was read.
    pub started: Instant,
    /// The wall clock then.
    pub now: SystemTime,
    /// The other end of the connection.
    pub peer: Peer,
    /// The client, behind trusted proxies.
    pub client: IpAddr,
    /// Whether the client speaks TLS.
    pub transport: Transport,
    /// Request method.
    pub method: Method,
    /// Protocol version.
    pub version: Version,
    /// The authority of an absolute target or of HTTP/2's `:authority`.
    pub authority: Option<Authority>,
    /// Request headers, until the request is forwarded.
    pub headers: HeaderMap,
    /// In which order some of them came, where the client says that it is a browser and no proxy is in between.
    pub(crate) header_order: Option<HeaderOrder>,
    /// `Origin`, which the way back asks for.
    pub origin: Option<HeaderValue>,
    /// Whether it is one of gRPC, which its headers say until the request is forwarded.
    pub(crate) is_grpc: bool,
    /// Path and query, normalized.
    pub target: Target,
    /// The target as received, for rules that look for what normalization removes.
    pub(crate) sent: http::Uri,
    /// Why the target is ambiguous, if it is; the request is then refused.
    pub target_error: Option<TargetError>,
    /// Whose routes hold for its host, and what its upstream declares.
    pub(crate) site: Site<'e>,
    /// Where it goes.
    pub(crate) destination: &'e Arc<Destination>,
    /// The policy of the route.
    pub route: &'e Arc<RoutePolicy>,
    /// What the OpenAPI document says about method and path.
    pub declared: Declared<'e>,
    /// Path parameters by name, of route and operation.
    pub parameters: Vec<(&'e str, String)>,
    /// What it is to servers that read its path or its method in another way, and the place of the reading in hand.
    others: Vec<Reading<'e>>,
    current: usize,
    /// Whether its path is that of logins and of other things: its body says what it is.
    pub(crate) may_log_in: bool,
    /// The authenticated principal, once known.
    pub principal: Option<Arc<Principal>>,
    /// How the gate has verified it; by nothing, where somebody else has.
    pub(crate) verified_by: VerifiedBy,
    /// The body that is held back, once it is read.
    pub body: Option<HeldBody>,
    /// The transaction of the rule set, from the request's phases to the last.
    #[cfg(feature = "rules")]
    pub(crate) rules: Option<Box<seclang::Transaction<'e>>>,
    /// What its line says of it.
    pub(crate) account: Arc<Account>,
    /// The score of what detectors found in it.
    pub(crate) suspicion: AtomicU32,
    /// Reads that the gate made of the API for it.
    pub(crate) reads: AtomicU32,
    /// What the first list says that its client is on.
    pub(crate) listed: Option<ListAction>,
    /// Whether a page of another site may have made a browser ask; known where refusals ban.
    pub(crate) may_be_embedded: bool,
    /// The door that refused it, by its place, counted from 1.
    pub(crate) refused_by: AtomicU8,
    /// What its GraphQL asks for, once that is measured.
    #[cfg(feature = "graphql")]
    graphql: OnceLock<Option<GraphqlShape>>,
    /// How often its GraphQL logs somebody in.
    pub(crate) graphql_log_ins: u32,
    /// Whether it asks by GraphQL whether a password is right, and nothing else.
    pub(crate) checks_password: bool,
    /// Whether the head of the answer hands out a cookie or a token.
    pub(crate) hands_out: bool,
    /// What it holds.
    pub(crate) held: Option<Share>,
    /// What was taken from limits that count some outcomes only, and which.
    pub(crate) tickets: Vec<(Ticket, CountedOutcome)>,
    /// Its places under limits that count some outcomes only, until it is known which it has.
    pub(crate) undecided: Vec<Seat>,
    /// Whose account it logs in to: hashes.
    pub(crate) accounts: Vec<LogInAccount>,
    /// When its body was read.
    pub(crate) asked: Option<Instant>,
    /// Whether it failed to log in, and is answered as all that do.
    pub(crate) is_alike: bool,
    /// What its answer takes from limits, by what it says in a header.
    pub(crate) charges: Vec<(HeaderName, Take)>,
    /// What `doorward learn` will hear of it.
    pub(crate) watched: Option<Box<learn::Observation>>,
    /// What is known of an attempt that such a limit counts.
    pub(crate) attempt: Attempt,
    /// What to tell the client about the strictest limit.
    pub(crate) quota: Option<RateLimitStatus>,
}

/// How the client stands against its strictest limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimitStatus {
    pub(crate) quota: Quota,
    pub(crate) outcome: Outcome,
}

impl<'e> Exchange<'e> {
    /// An exchange from the head of a request.
    pub(crate) fn new(
        engine: &'e Engine,
        parts: http::request::Parts,
        has_body: bool,
        peer: Peer,
        now: SystemTime,
    ) -> Self {
        let policy = &engine.policy;
        let trusted = &policy.gateway.trusted_proxies;
        let (target, target_error) = match Target::parse(parts.uri.path(), parts.uri.query()) {
            Ok(target) => (target, None),
            Err(error) => (Target::unreadable(), Some(error)),
        };
        let connection = parts.extensions.get::<ClientConnection>().cloned().unwrap_or_default();
        let mut headers = parts.headers;
        let header_order = header_order::of(&headers, forwarded::is_trusted(peer.address, trusted));
        // HTTP/2 names the host in `:authority`; from here on it is where everybody looks for it.
        if let (None, Some(authority)) = (headers.get(HOST), parts.uri.authority())
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            headers.insert(HOST, host);
        }
        join_cookies(&mut headers);
        let is_grpc = is_grpc(parts.version, &headers);
        let account = Account::new(&headers, forwarded::is_trusted(peer.address, trusted), connection);
        let carries = if has_body { Carries::Body } else { Carries::Nothing };
        let table = policy.table(policy.names_hosts().then(|| host(&headers)).flatten().as_deref());
        let destination = table.destination(&parts.method, &target.canonical());
        // A document says nothing of what is answered here.
        let document = policy.document(destination.group).filter(|_| destination.redirect.is_none());
        let site = Site { policy, table, document };
        let Readings { first, others, may_be_login } = Reading::all(site, &parts.method, &target, carries);
        Exchange {
            id: EventId::new(now),
            started: Instant::now(),
            now,
            client: forwarded::client_address(peer.address, &headers, &policy.gateway),
            transport: forwarded::client_transport(&peer, &headers, trusted),
            peer,
            method: first.method,
            version: parts.version,
            authority: parts.uri.authority().cloned(),
            header_order,
            origin: headers.get(ORIGIN).cloned(),
            headers,
            is_grpc,
            sent: parts.uri.clone(),
            target_error,
            site,
            destination,
            route: first.route,
            declared: first.declared,
            parameters: first.parameters,
            may_log_in: has_body && may_be_login,
            target,
            others,
            current: 0,
            principal: None,
            verified_by: VerifiedBy::default(),
            body: None,
            #[cfg(feature = "rules")]
            rules: None,
            account: Arc::new(account),
            suspicion: AtomicU32::default(),
            listed: None,
            #[cfg(feature = "graphql")]
            graphql: OnceLock::new(),
            graphql_log_ins: 0,
            checks_password: false,
            hands_out: false,
            may_be_embedded: false,
            refused_by: AtomicU8::new(0),
            reads: AtomicU32::default(),
            held: None,
            tickets: Vec::new(),
            undecided: Vec::new(),
            accounts: Vec::new(),
            asked: None,
            is_alike: false,
            charges: Vec::new(),
            watched: None,
            attempt: Attempt::default(),
            quota: None,
        }
    }

    /// The declared operation, when there is one.
    pub fn operation(&self) -> Option<&'e Operation> {
        match self.declared {
            Declared::Operation(operation, _) => Some(operation),
            _ => None,
        }
    }

    /// The path template of the declared operation.
    pub fn declared_path(&self) -> Option<&'e str> {
        match self.declared {
            Declared::Operation(_, template) => Some(template.as_str()),
            _ => None,
        }
    }

    /// The path as the client spelled it.
    pub(crate) fn sent_path(&self) -> &str {
        self.sent.path()
    }

    /// The id that upstream and client get for it: that of a trusted proxy, or its own.
    pub(crate) fn request_id(&self) -> Option<HeaderValue> {
        self.account.request_id.clone().or_else(|| self.id.header_value())
    }

    /// A path parameter, decoded.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Who it is by the client certificate of the connection.
    pub(crate) fn certificate(&self) -> Option<&Arc<Principal>> {
        self.account.connection.certificate.as_ref()
    }

    /// A header as text; `None` when it is missing or not ASCII.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `Content-Type` as the client wrote it; empty without one.
    pub(crate) fn content_type(&self) -> &[u8] {
        content_type(&self.headers)
    }

    /// Seconds since 1970.
    pub fn unix_time(&self) -> u64 {
        self.now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
    }

    /// What its GraphQL asks for at most, in the URL and in every reading of the body, which is there; measured once. Nothing
    /// where there is none.
    #[cfg(feature = "graphql")]
    pub(crate) fn graphql(&self) -> Option<GraphqlShape> {
        *self.graphql.get_or_init(|| {
            let query = self.target.query().unwrap_or("").trim_start_matches('?');
            let is_graphql = media_type(&self.headers) == "application/graphql";
            let of = |reading| GraphqlShape::of(query, reading, is_graphql);
            match &self.body {
                None => of(None),
                Some(body) => {
                    let shapes = body.readings().filter_map(|reading| of(Some((reading, &body.decoded[..]))));
                    shapes.reduce(GraphqlShape::or)
                }
            }
        })
    }

    /// Milliseconds since 1970.
    pub fn unix_millis(&self) -> u64 {
        self.now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis)
    }

    /// The subject, when it is known.
    pub fn subject(&self) -> Option<&str> {
        self.principal.as_deref().map(|p| p.subject.as_str())
    }

    /// The places of the readings: the first one is the request as it came.
    pub(crate) fn readings(&self) -> std::ops::RangeInclusive<usize> {
        0..=self.others.len()
    }

    /// Shows the request as one of its readings.
    pub(crate) fn read_as(&mut self, place: usize) {
        if place == self.current {
            return;
        }
        self.swap(self.current);
        self.swap(place);
        self.current = place;
    }

    /// Changes places with another reading; the first one is at home where it is.
    fn swap(&mut self, place: usize) {
        let Some(other) = place.checked_sub(1).and_then(|at| self.others.get_mut(at)) else { return };
        std::mem::swap(&mut self.method, &mut other.method);
        std::mem::swap(&mut self.route, &mut other.route);
        std::mem::swap(&mut self.declared, &mut other.declared);
        std::mem::swap(&mut self.parameters, &mut other.parameters);
        std::mem::swap(&mut self.suspicion, &mut other.suspicion);
    }

    /// The routes of all readings.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &'e Arc<RoutePolicy>> {
        std::iter::once(self.route).chain(self.others.iter().map(|reading| reading.route))
    }

    /// The reading of the request as it came, while it is shown as another one.
    pub(crate) fn as_it_came(&self) -> Option<&Reading<'e>> {
        self.current.checked_sub(1).and_then(|at| self.others.get(at))
    }

    /// Adds the readings of servers that take a POST for the method in its field `_method` (Rails, Laravel, Symfony,
    /// Express), where routes or operations tell methods apart; and, once the body is read, the login that it turns out to
    /// be. Returns the places of what is new.
    pub(crate) fn read_fields(&mut self) -> std::ops::RangeInclusive<usize> {
        let before = self.others.len();
        if self.method == Method::POST {
            for method in named_methods(self.target.query().unwrap_or(""), self.body.as_ref()) {
                self.add_readings(&method, Carries::Body);
            }
        }
        if self.may_log_in && self.body.as_ref().is_some_and(logs_in) {
            let method = self.method.clone();
            self.add_readings(&method, Carries::Login);
        }
        before + 1..=self.others.len()
    }

    /// Adds the readings of a method that differ from those that are there.
    fn add_readings(&mut self, method: &Method, carries: Carries) {
        for reading in Reading::all(self.site, method, &self.target, carries) {
            if self.is_new(&reading) && !self.others.iter().any(|known| known.holds_for(&reading)) {
                self.others.push(reading);
            }
        }
    }

    /// Whether a reading says more than the request as it came.
    fn is_new(&self, reading: &Reading<'e>) -> bool {
        let says_nothing = matches!(
            (&self.declared, &reading.declared),
            (Declared::NoDocument | Declared::Nothing, Declared::NoDocument | Declared::Nothing)
        );
        !(Arc::ptr_eq(self.route, reading.route) && says_nothing)
    }

    /// Whether the body of a POST could make it a request of another route or operation, by naming a method that changes
    /// things.
    pub(crate) fn may_name_method(&self) -> bool {
        self.method == Method::POST
            && [Method::PUT, Method::PATCH, Method::DELETE].iter().any(|method| {
                let mut readings = Reading::all(self.site, method, &self.target, Carries::Body).into_iter();
                readings.any(|one| !matches!(one.declared, Declared::OtherMethods(_)) && self.is_new(&one))
            })
    }

    /// Whether it logs somebody in, as far as is known.
    pub(crate) fn is_login(&self) -> bool {
        self.route.is_login || self.may_log_in
    }
}

/// The host that a request names, without a port.
pub(crate) fn host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
    Some(host.host().to_owned())
}

/// Whether a request is gRPC's. That of browsers (gRPC-Web) is an ordinary one.
fn is_grpc(version: Version, headers: &HeaderMap) -> bool {
    let is_kind = |kind: &str| grpc::is_grpc(kind) && !kind.starts_with("application/grpc-web");
    version == Version::HTTP_2 && is_kind(&media_type(headers))
}

/// Makes one of several `Cookie` fields (RFC 9113 §8.2.3): browsers split them over HTTP/2, and a server behind HTTP/1.1
/// would read one cookie with a comma in it.
fn join_cookies(headers: &mut HeaderMap) {
    let mut fields = headers.get_all(COOKIE).iter();
    if let (Some(first), Some(second)) = (fields.next(), fields.next()) {
        let mut joined = first.as_bytes().to_vec();
        for field in std::iter::once(second).chain(fields) {
            joined.extend_from_slice(b"; ");
            joined.extend_from_slice(field.as_bytes());
        }
        if let Ok(joined) = HeaderValue::from_bytes(&joined) {
            headers.insert(COOKIE, joined);
        }
    }
}
