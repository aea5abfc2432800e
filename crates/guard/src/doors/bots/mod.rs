//! Bots: "is a person there, or a program, and is it the one that it says?" ([guide §9])
//!
//! What a request shows counts points, with the reasons for them. A request with many is refused, one with some has to solve
//! a challenge, and while an attack lasts, so has everybody without a credential. Nothing counts against a caller who is known
//! by a credential: their limits are their own.
//!
//! [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall

mod browser;
mod challenge;
mod page;

pub(crate) use challenge::CLEARANCES;

use std::fmt::Write;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderValue, REFERER,
    RETRY_AFTER, USER_AGENT,
};
use http::{HeaderName, Method, StatusCode, Uri};
use policy::{BuiltInDoor, ListAction};
use reputation::agents::{Agent, Signal};

use super::cors::is_websocket;
use super::{Door, Step};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::exchange::Exchange;
use crate::standing::bans::{Ban, client_network};
use crate::standing::crawlers::Claim;

/// Answers browsers that have solved a challenge, and keeps out whoever asks for a honeypot: before anybody is asked for a
/// credential.
pub(crate) struct Doorstep;

/// Counts what a request shows, once it is known who asks.
pub(crate) struct Bots;

impl Door for Doorstep {
    fn id(&self) -> DoorId {
        BuiltInDoor::Bots.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        let bots = &ruling.engine.policy.bots;
        if let Some(tag) = &bots.tag {
            x.headers.remove(tag);
        }
        if x.target.path() == challenge::PATH {
            return challenge::solved(x, ruling).into();
        }
        match honeypot(x, ruling) {
            Some(refusal) => baited(x, ruling, refusal).into(),
            None => Step::PASS,
        }
    }
}

impl Door for Bots {
    fn id(&self) -> DoorId {
        BuiltInDoor::Bots.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(x, ruling).into()
    }
}

/// The honeypot that a request asks for.
fn honeypot(x: &Exchange<'_>, ruling: Ruling<'_>) -> Option<Refusal> {
    let bots = &ruling.engine.policy.bots;
    if bots.honeypots.is_empty() {
        return None;
    }
    let path = x.target.path().to_ascii_lowercase();
    let trimmed = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(&path);
    let found = bots.honeypots.iter().find(|trap| trap.strip_suffix('/').unwrap_or(trap) == trimmed)?;
    let evidence = format!("{found} is a honeypot (`[bots] honeypots`)");
    Some(Refusal::new(StatusCode::NOT_FOUND, "honeypot", evidence))
}

/// Whoever takes the bait is banned, unless the operator's lists say otherwise, the door only watches, or a page of somebody
/// else may have made his browser ask.
fn baited(x: &Exchange<'_>, ruling: Ruling<'_>, refusal: Refusal) -> Decision {
    let is_own = x.listed != Some(ListAction::Pass) && !may_be_embedded(x);
    if enforced(x, BuiltInDoor::Bots) && is_own {
        let (standing, lasts) = (&ruling.state.standing, ruling.engine.policy.bots.honeypot_ban);
        let network = client_network(x.client);
        let before = standing.bans.before(network);
        let reason = format!("honeypot {}", x.target.path());
        standing.bans.add(&Ban { network, until: x.now + lasts, reason, before }, lasts);
    }
    Decision::Refuse(refusal)
}

/// Whether a browser may have asked because a page of another site made it: an image, a frame, a form.
pub(crate) fn may_be_embedded(x: &Exchange<'_>) -> bool {
    let text = |name: HeaderName| x.headers.get(name).and_then(|value| value.to_str().ok());
    let is_elsewhere = |url: &str| {
        let host =
            url.parse::<Uri>().ok().and_then(|url| url.authority().map(|host| host.as_str().to_owned()));
        host.is_none_or(|host| text(HOST).is_none_or(|own| !own.eq_ignore_ascii_case(&host)))
    };
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => !matches!(site, "none" | "same-origin"),
        None => {
            let from = x.origin.as_ref().and_then(|origin| origin.to_str().ok()).or_else(|| text(REFERER));
            let is_page = text(ACCEPT).is_some_and(|accept| accept.contains("text/html"));
            let agent = Agent::read(text(USER_AGENT).unwrap_or_default().as_bytes());
            // Without TLS, browsers do not say it; what is no page, a page has asked for.
            from.map_or(agent.is_browser && !is_page, is_elsewhere)
        }
    }
}

/// What a request shows, and what that counts.
#[derive(Default)]
struct Score {
    points: u32,
    reasons: Vec<(Signal, u32)>,
}

impl Score {
    fn of(x: &Exchange<'_>, ruling: Ruling<'_>) -> Score {
        let bots = &ruling.engine.policy.bots;
        let mut score = Score::default();
        let agent = Agent::read(x.headers.get(USER_AGENT).map_or(b"", HeaderValue::as_bytes));
        let is_known = x.principal.is_some();
        let mut add = |signal: Signal| {
            let points = bots.points(signal);
            if points > 0 && !is_known {
                score.points = score.points.saturating_add(points);
                score.reasons.push((signal, points));
            }
        };
        if let Some(signal) = agent.signal
            && !(signal == Signal::NoAgent && is_websocket(x))
        {
            add(signal);
        }
        if let Some(crawler) = agent.crawler
            && bots.verify_crawlers
        {
            let claim = Claim { address: x.client, crawler };
            if ruling.state.standing.crawlers.verdict(claim, x.now) == Some(false) {
                add(Signal::ForgedCrawler);
            }
        }
        // Every browser says which languages and codings it takes, wherever a request comes from.
        let says = |name: HeaderName| x.headers.contains_key(name);
        if agent.is_browser && !is_websocket(x) && !(says(ACCEPT_LANGUAGE) && says(ACCEPT_ENCODING)) {
            add(Signal::OddHeaders);
        }
        if agent.is_browser && !is_known && !is_websocket(x) {
            browser::signals(x).for_each(add);
        }
        score
    }

    /// Points and reasons, for events and for the upstream.
    fn text(&self) -> String {
        let mut text = self.points.to_string();
        for (signal, points) in &self.reasons {
            let _ = write!(text, "; {signal}={points}");
        }
        text
    }
}

fn admit(x: &mut Exchange<'_>, ruling: Ruling<'_>) -> Decision {
    let bots = &ruling.engine.policy.bots;
    // Whom the operator lets pass is not counted; a preflight has no cookies and is answered by whoever answers the request.
    let is_preflight = x.method == Method::OPTIONS
        && x.origin.is_some()
        && x.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if x.listed == Some(ListAction::Pass) || is_preflight {
        return Decision::Pass;
    }
    let score = Score::of(x, ruling);
    let reaches = |line: Option<u32>| line.is_some_and(|line| score.points >= line);
    if reaches(bots.refuse_at) {
        return Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "bot", score.text()));
    }
    let is_attack = ruling.state.standing.attack.is_on();
    let why = if reaches(bots.challenge_at) {
        Some(("challenge", format!("{} points or more (`[bots] challenge_at`)", score.text())))
    } else if x.principal.is_some() {
        None
    } else if x.listed == Some(ListAction::Challenge) {
        Some(("challenge", "the client is on a list (`[[network.list]]`)".to_owned()))
    } else if is_attack {
        Some(("under-attack", "no credential, while an attack lasts".to_owned()))
    } else {
        None
    };
    if let Some((rule, evidence)) = why
        && !challenge::has_clearance(x, ruling)
    {
        return challenged(x, ruling, &score, (rule, evidence));
    }
    let tagged = bots.tag.as_ref().and_then(|tag| Some((tag, HeaderValue::try_from(score.text()).ok()?)));
    if let Some((tag, value)) = tagged {
        x.headers.insert(tag, value);
    }
    if reaches(bots.report_at) {
        return Decision::report("bot", score.text());
    }
    Decision::Pass
}

/// The page for browsers, and a refusal for all others.
fn challenged(
    x: &mut Exchange<'_>,
    ruling: Ruling<'_>,
    score: &Score,
    (rule, evidence): (&'static str, String),
) -> Decision {
    let reads_pages =
        x.headers.get_all(ACCEPT).iter().any(|accept| {
            accept.as_bytes().to_ascii_lowercase().windows(9).any(|window| window == b"text/html")
        });
    let is_page = matches!(x.method, Method::GET | Method::HEAD) && reads_pages && !is_websocket(x);
    if is_page && enforced(x, BuiltInDoor::Bots) {
        ruling.refuse(x, &BuiltInDoor::Bots.into(), Refusal::new(StatusCode::FORBIDDEN, rule, evidence));
        return Decision::Answer(challenge::page(x, ruling, score.points));
    }
    let status = if rule == "under-attack" { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::FORBIDDEN };
    let mut refusal = Refusal::new(status, rule, evidence);
    if status == StatusCode::TOO_MANY_REQUESTS {
        refusal = refusal.header(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    Decision::Refuse(refusal)
}
