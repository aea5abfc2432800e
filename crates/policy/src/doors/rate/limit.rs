//! A rate limit in words.

use std::fmt;
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::doors::ownership::Input;
use crate::settings::serialize_as_text;
use crate::units::Period;

serialize_as_text!(Limit);

/// How a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitAlgorithm {
    /// Generic cell rate algorithm: a token bucket with an exact burst.
    Gcra,
    /// The current window plus the weighted remainder of the one before.
    SlidingWindow,
    /// A counter that starts anew at every multiple of the period.
    FixedWindow,
    /// No rate: requests that are under way at the same time, on this gateway.
    AtOnce,
}

/// What a limit counts by. A limit may combine several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitKey {
    /// The client address; IPv6 by /64.
    Ip,
    /// The authenticated subject.
    User,
    /// The value of a request header.
    Header(http::HeaderName),
    /// A claim of the principal.
    Claim(String),
    /// A value of the body: the account that somebody logs in with (`body./email`). Without case, and in every place where a
    /// server may look for it.
    Body(Input),
    /// A cookie; its values as they are written.
    Cookie(String),
    /// The network operator of the client address, by the database of `[network.asns]`.
    Asn,
    /// The country of the client address, by the database of `[network.countries]`.
    Country,
    /// What the client's TLS handshake shows of its program (JA4).
    Ja4,
    /// The API key that was issued here.
    ApiKey,
    /// The session of the user service (`sid`).
    Session,
    /// The operation of the document; where there is none, the route.
    Operation,
    /// The matched route.
    Route,
    /// One counter for everybody.
    Global,
}

/// Which exchanges stay counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountedOutcome {
    /// Every request.
    All,
    /// Only those that the API answered with a client error: failed logins.
    Failures,
    /// Only those that did what they were for: accounts that were opened.
    Successes,
}

/// How many units a request takes from a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cost {
    /// Always as many.
    Fixed(u32),
    /// A whole number in the request, such as a page size; the other number where there is none.
    Input(Input, u32),
    /// The fields that its GraphQL asks for, those of fragments as often as they are used.
    Graphql,
    /// A whole number in a header of the answer: the request takes one, and the answer the rest.
    Answer(http::HeaderName),
}

/// A rate limit in words: `2000 per 5 minutes`, `10/s burst 20`, `30 per minute per user+route`,
/// `5 per 15 minutes counting failures blocking 1 hour`, `100 per hour by header x-api-key fixed`,
/// `1000 per hour by user costing query.limit or 20`, `4 at once by user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Units allowed in a period; a request is one, unless `cost` says otherwise.
    pub permits: u32,
    /// The period; nothing with [`LimitAlgorithm::AtOnce`].
    pub period: Duration,
    /// How many may come at once; only with [`LimitAlgorithm::Gcra`].
    pub burst: u32,
    /// How the limit counts.
    pub algorithm: LimitAlgorithm,
    /// What it counts by.
    pub keys: Vec<LimitKey>,
    /// Which exchanges stay counted.
    pub counting: CountedOutcome,
    /// What a request takes.
    pub cost: Cost,
    /// For how long a key that asked for more is blocked, the first time.
    pub blocking: Option<Duration>,
    /// What would be refused is only told.
    pub is_observed: bool,
}

impl Limit {
    /// What one request may take at most.
    pub fn most(&self) -> u32 {
        if self.algorithm == LimitAlgorithm::Gcra { self.burst } else { self.permits }
    }

    /// The value of the body that it counts by, after which it comes.
    pub fn in_body(&self) -> Option<&Input> {
        self.keys.iter().find_map(|key| match key {
            LimitKey::Body(input) => Some(input),
            _ => None,
        })
    }

    /// The same, where it stands at a route: what it counts on others is not counted here.
    pub(super) fn of_one_route(&self) -> Self {
        let mut limit = self.clone();
        if !limit.keys.iter().any(|key| matches!(key, LimitKey::Route | LimitKey::Operation)) {
            limit.keys.push(LimitKey::Route);
        }
        limit
    }

    /// Whether it has to see the body, after which it comes.
    pub fn needs_body(&self) -> bool {
        let is_of_body = match &self.cost {
            // Servers look for a parameter of the query in a form, too.
            Cost::Input(input, _) => input.is_in_body() || matches!(input, Input::Query(_)),
            Cost::Graphql => true,
            Cost::Fixed(_) | Cost::Answer(_) => false,
        };
        is_of_body || self.in_body().is_some()
    }

    /// Whether the limit counts by principal, and so comes after authentication.
    pub fn needs_principal(&self) -> bool {
        self.keys
            .iter()
            .any(|k| matches!(k, LimitKey::User | LimitKey::Claim(_) | LimitKey::ApiKey | LimitKey::Session))
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |what: &str| {
            format!(
                "{what} in the limit `{text}`; write `100 per 5 minutes [burst 20] [by ip|user|key|session|operation|route|country|asn|ja4|global|body./POINTER|header NAME|cookie NAME|claim NAME [and ...]] [counting failures|successes] [costing N|query.NAME or N|graphql|answer NAME] [blocking 15 minutes] [sliding|fixed|gcra] [observed]`, or `4 at once [by ...]`"
            )
        };
        // `10/s` and `user+route` are said without blanks.
        let is_short = text.split_whitespace().next().is_some_and(|word| word.contains('/'));
        let spaced =
            if is_short { text.replacen('/', " per ", 1) } else { text.to_owned() }.replace('+', " and ");
        let mut words = spaced.split_whitespace().peekable();
        let permits: u32 =
            words.next().and_then(|w| w.parse().ok()).ok_or_else(|| bad("no number of requests"))?;
        if permits == 0 {
            return Err(bad("zero requests"));
        }
        let (period, algorithm) = match words.next() {
            Some("per") => {
                (read_period(&mut words).ok_or_else(|| bad("no period"))?, LimitAlgorithm::SlidingWindow)
            }
            Some("at") if words.next() == Some("once") => (Duration::ZERO, LimitAlgorithm::AtOnce),
            _ => return Err(bad("no `per`")),
        };
        if period > LONGEST {
            return Err(bad("a period of more than a year"));
        }
        let mut said = Vec::new();
        let mut limit = Limit {
            permits,
            period,
            burst: permits,
            algorithm,
            keys: Vec::new(),
            counting: CountedOutcome::All,
            cost: Cost::Fixed(1),
            blocking: None,
            is_observed: false,
        };
        while let Some(word) = words.next() {
            let kind = if ["sliding", "fixed", "gcra"].contains(&word) { "a way to count" } else { word };
            if !["by", "per", "and"].contains(&word) && said.contains(&kind) {
                return Err(bad(&format!("`{word}` beside another of its kind")));
            }
            said.push(kind);
            match word {
                "burst" | "sliding" | "fixed" | "gcra" | "counting" | "costing" | "blocking"
                    if algorithm == LimitAlgorithm::AtOnce =>
                {
                    return Err(bad(&format!("`{word}`, which is of rates,")));
                }
                "burst" => {
                    limit.burst = words
                        .next()
                        .and_then(|w| w.parse().ok())
                        .filter(|burst| *burst > 0)
                        .ok_or_else(|| bad("no number after `burst`"))?;
                    limit.algorithm = LimitAlgorithm::Gcra;
                }
                "sliding" => limit.algorithm = LimitAlgorithm::SlidingWindow,
                "fixed" => limit.algorithm = LimitAlgorithm::FixedWindow,
                "gcra" => limit.algorithm = LimitAlgorithm::Gcra,
                "counting" => match words.next() {
                    Some("failures") => limit.counting = CountedOutcome::Failures,
                    Some("successes") => limit.counting = CountedOutcome::Successes,
                    Some("all") => limit.counting = CountedOutcome::All,
                    _ => return Err(bad("neither `failures` nor `successes` nor `all` after `counting`")),
                },
                "costing" => limit.cost = read_cost(&mut words).map_err(|what| bad(&what))?,
                "blocking" => {
                    let _ = words.next_if_eq(&"for");
                    let period = read_period(&mut words).ok_or_else(|| bad("no time after `blocking`"))?;
                    if period > LONGEST || period.is_zero() {
                        return Err(bad("a penalty of more than a year, or of no time"));
                    }
                    limit.blocking = Some(period);
                }
                "observed" => limit.is_observed = true,
                "by" | "per" | "and" => limit.keys.push(match words.next() {
                    Some("ip") => LimitKey::Ip,
                    Some("user") => LimitKey::User,
                    Some("route") => LimitKey::Route,
                    Some("global") => LimitKey::Global,
                    Some("asn") => LimitKey::Asn,
                    Some("ja4") => LimitKey::Ja4,
                    Some("country") => LimitKey::Country,
                    Some("key") => LimitKey::ApiKey,
                    Some("session") => LimitKey::Session,
                    Some("operation") => LimitKey::Operation,
                    Some("cookie") => {
                        LimitKey::Cookie(words.next().ok_or_else(|| bad("no cookie name"))?.to_owned())
                    }
                    Some("header") => LimitKey::Header(
                        words.next().and_then(|w| w.parse().ok()).ok_or_else(|| bad("no header name"))?,
                    ),
                    Some("claim") => {
                        LimitKey::Claim(words.next().ok_or_else(|| bad("no claim name"))?.to_owned())
                    }
                    Some(word) if word.starts_with("body.") && limit.in_body().is_none() => LimitKey::Body(
                        Input::parse(word, &[]).ok_or_else(|| bad("no pointer as `body./email`"))?,
                    ),
                    _ => return Err(bad("an unknown key")),
                }),
                other => return Err(bad(&format!("the word `{other}`"))),
            }
        }
        if limit.keys.is_empty() {
            limit.keys.push(LimitKey::Ip);
        }
        if said.contains(&"burst")
            && said.contains(&"a way to count")
            && limit.algorithm != LimitAlgorithm::Gcra
        {
            return Err(bad("`burst`, which is of `gcra`, beside another way to count,"));
        }
        if let Cost::Fixed(cost) | Cost::Input(_, cost) = limit.cost
            && cost > limit.most()
        {
            return Err(bad("a cost that is more than the limit"));
        }
        let is_twice = |key: &LimitKey| limit.keys.iter().filter(|other| *other == key).count() > 1;
        if limit.keys.iter().any(is_twice) {
            return Err(bad("a key twice"));
        }
        Ok(limit)
    }
}

/// No period is longer, and no penalty the first time.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

type Words<'a> = Peekable<SplitWhitespace<'a>>;

/// `minute`, `15 minutes`, `15m`.
fn read_period(words: &mut Words<'_>) -> Option<Duration> {
    let first = words.next()?;
    let text = if first.chars().all(|c| c.is_ascii_digit()) {
        format!("{first} {}", words.next()?)
    } else if first.starts_with(|c: char| c.is_ascii_digit()) {
        first.to_owned()
    } else {
        format!("1 {first}")
    };
    let Period(period) = text.parse().ok()?;
    Some(period)
}

/// `5`, `query.limit or 20`, `graphql`, `answer x-cost`.
fn read_cost(words: &mut Words<'_>) -> Result<Cost, String> {
    let whole = |word: Option<&str>| word.and_then(|word| word.parse().ok()).filter(|number| *number > 0);
    match words.next() {
        Some("graphql") if cfg!(feature = "graphql") => Ok(Cost::Graphql),
        Some("answer") => {
            let name = words.next().and_then(|word| word.parse().ok());
            name.map(Cost::Answer).ok_or_else(|| "no header name after `answer`".into())
        }
        Some(word) if word.contains('.') => {
            let input = Input::parse(word, &[]).filter(|_| !word.ends_with('.'));
            let input = input.ok_or_else(|| format!("`{word}`, which names no value,"))?;
            let otherwise = match words.next_if_eq(&"or") {
                Some(_) => whole(words.next()).ok_or("no whole number after `or`")?,
                None => 1,
            };
            Ok(Cost::Input(input, otherwise))
        }
        word => whole(word).map(Cost::Fixed).ok_or_else(|| "no cost after `costing`".into()),
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            LimitAlgorithm::AtOnce => write!(f, "{} at once", self.permits)?,
            _ => write!(f, "{} per {}", self.permits, Period(self.period))?,
        }
        if self.burst != self.permits {
            write!(f, " burst {}", self.burst)?;
        }
        for (i, key) in self.keys.iter().enumerate() {
            f.write_str(if i == 0 { " by " } else { " and " })?;
            match key {
                LimitKey::Ip => f.write_str("ip")?,
                LimitKey::User => f.write_str("user")?,
                LimitKey::Header(name) => write!(f, "header {name}")?,
                LimitKey::Claim(name) => write!(f, "claim {name}")?,
                LimitKey::Body(input) => write!(f, "{input}")?,
                LimitKey::Cookie(name) => write!(f, "cookie {name}")?,
                LimitKey::ApiKey => f.write_str("key")?,
                LimitKey::Session => f.write_str("session")?,
                LimitKey::Operation => f.write_str("operation")?,
                LimitKey::Route => f.write_str("route")?,
                LimitKey::Global => f.write_str("global")?,
                LimitKey::Asn => f.write_str("asn")?,
                LimitKey::Ja4 => f.write_str("ja4")?,
                LimitKey::Country => f.write_str("country")?,
            }
        }
        match self.counting {
            CountedOutcome::All => {}
            CountedOutcome::Failures => f.write_str(" counting failures")?,
            CountedOutcome::Successes => f.write_str(" counting successes")?,
        }
        match &self.cost {
            Cost::Fixed(1) => {}
            Cost::Fixed(cost) => write!(f, " costing {cost}")?,
            Cost::Input(input, 1) => write!(f, " costing {input}")?,
            Cost::Input(input, otherwise) => write!(f, " costing {input} or {otherwise}")?,
            Cost::Graphql => f.write_str(" costing graphql")?,
            Cost::Answer(header) => write!(f, " costing answer {header}")?,
        }
        if let Some(period) = self.blocking {
            write!(f, " blocking {}", Period(period))?;
        }
        match self.algorithm {
            LimitAlgorithm::FixedWindow => f.write_str(" fixed")?,
            LimitAlgorithm::Gcra if self.burst == self.permits => f.write_str(" gcra")?,
            _ => {}
        }
        f.write_str(if self.is_observed { " observed" } else { "" })
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_as_people_write_them() {
        for (text, shown) in [
            ("2000 per 5 minutes", "2000 per 5m by ip"),
            ("10 per second burst 20", "10 per 1s burst 20 by ip"),
            ("30 per minute by user and route", "30 per 1m by user and route"),
            ("5 per 15 minutes counting failures", "5 per 15m by ip counting failures"),
            ("100 per 1h by header x-api-key fixed", "100 per 1h by header x-api-key fixed"),
            ("200 per day", "200 per 1day by ip"),
            ("10/s burst 20", "10 per 1s burst 20 by ip"),
            ("100 per minute per user+route", "100 per 1m by user and route"),
            ("60/min by key", "60 per 1m by key"),
            (
                "20 per hour by body./user/email counting failures",
                "20 per 1h by body./user/email counting failures",
            ),
            ("5 per hour by session and operation", "5 per 1h by session and operation"),
            ("5 per hour by cookie basket", "5 per 1h by cookie basket"),
            ("3 per day counting successes", "3 per 1day by ip counting successes"),
            ("5 per 15 minutes blocking for 1 hour", "5 per 15m by ip blocking 1h"),
            ("100/h by user costing query.limit or 20", "100 per 1h by user costing query.limit or 20"),
            ("100/h by user costing body./size", "100 per 1h by user costing body./size"),
            ("1000 per hour costing graphql observed", "1000 per 1h by ip costing graphql observed"),
            (
                "1000 per hour by asn and country costing answer X-Cost fixed",
                "1000 per 1h by asn and country costing answer x-cost fixed",
            ),
            ("60 per minute costing 5", "60 per 1m by ip costing 5"),
            ("4 at once by user", "4 at once by user"),
            ("9/h by ja4", "9 per 1h by ja4"),
        ] {
            let limit: Limit = text.parse().unwrap();
            assert_eq!(limit.to_string(), shown);
            assert_eq!(shown.parse::<Limit>().unwrap(), limit, "what is shown can be written");
        }
    }

    #[test]
    fn limits_that_make_no_sense_say_so() {
        for text in [
            "",
            "per minute",
            "0 per minute",
            "5 per",
            "5 per fortnight",
            "5 per minute by moon",
            "5 per minute by body.email",
            "5 per minute by body./a and body./b",
            "5 per minute quickly",
            "5 per minute burst 0",
            "5 at",
            "5 at once burst 4",
            "5 at once blocking 1 minute",
            "5 per minute costing 6",
            "5 per minute costing 0",
            "5 per minute costing query.limit or none",
            "5 per minute costing answer",
            "5 per minute blocking",
            "5 per minute counting stars",
            "5 per minute counting failures counting successes",
            "5 per minute burst 9 fixed",
            "5 per minute sliding fixed",
            "5 per minute by ip and ip",
            "5 per minute costing query.",
            "5 per minute costing query.limit or 6",
            "5 per 2 years",
            "5 per minute blocking 500 weeks",
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }
}
