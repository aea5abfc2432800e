//! A rate limit in words.

use std::fmt;
use std::str::FromStr;
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
}

/// A rate limit in words: `2000 per 5 minutes`, `10/s burst 20`, `30 per minute per user+route`,
/// `5 per 15 minutes counting failures`, `100 per hour by header x-api-key fixed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Requests allowed in a period.
    pub permits: u32,
    /// The period.
    pub period: Duration,
    /// How many may come at once; only with [`LimitAlgorithm::Gcra`].
    pub burst: u32,
    /// How the limit counts.
    pub algorithm: LimitAlgorithm,
    /// What it counts by.
    pub keys: Vec<LimitKey>,
    /// Which exchanges stay counted.
    pub counting: CountedOutcome,
}

impl Limit {
    /// The value of the body that it counts by, after which it comes.
    pub fn in_body(&self) -> Option<&Input> {
        self.keys.iter().find_map(|key| match key {
            LimitKey::Body(input) => Some(input),
            _ => None,
        })
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
                "{what} in the limit `{text}`; write `100 per 5 minutes [burst 20] [by ip|user|key|session|operation|route|global|body./POINTER|header NAME|cookie NAME|claim NAME [and ...]] [counting failures] [sliding|fixed|gcra]`"
            )
        };
        // `10/s` and `user+route` are said without blanks.
        let is_short = text.split_whitespace().next().is_some_and(|word| word.contains('/'));
        let spaced =
            if is_short { text.replacen('/', " per ", 1) } else { text.to_owned() }.replace('+', " and ");
        let mut words = spaced.split_whitespace();
        let permits: u32 =
            words.next().and_then(|w| w.parse().ok()).ok_or_else(|| bad("no number of requests"))?;
        if permits == 0 {
            return Err(bad("zero requests"));
        }
        if words.next() != Some("per") {
            return Err(bad("no `per`"));
        }
        let first = words.next().ok_or_else(|| bad("no period"))?;
        let period_text = if first.chars().all(|c| c.is_ascii_digit()) {
            format!("{first} {}", words.next().ok_or_else(|| bad("no unit of time"))?)
        } else if first.starts_with(|c: char| c.is_ascii_digit()) {
            first.to_owned()
        } else {
            format!("1 {first}")
        };
        let Period(period) = period_text.parse().map_err(|_| bad("no period"))?;

        let mut limit = Limit {
            permits,
            period,
            burst: permits,
            algorithm: LimitAlgorithm::SlidingWindow,
            keys: Vec::new(),
            counting: CountedOutcome::All,
        };
        while let Some(word) = words.next() {
            match word {
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
                    Some("all") => limit.counting = CountedOutcome::All,
                    _ => return Err(bad("neither `failures` nor `all` after `counting`")),
                },
                "by" | "per" | "and" => limit.keys.push(match words.next() {
                    Some("ip") => LimitKey::Ip,
                    Some("user") => LimitKey::User,
                    Some("route") => LimitKey::Route,
                    Some("global") => LimitKey::Global,
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
        Ok(limit)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.permits, Period(self.period))?;
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
            }
        }
        if self.counting == CountedOutcome::Failures {
            f.write_str(" counting failures")?;
        }
        match self.algorithm {
            LimitAlgorithm::FixedWindow => f.write_str(" fixed"),
            LimitAlgorithm::Gcra if self.burst == self.permits => f.write_str(" gcra"),
            _ => Ok(()),
        }
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
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }
}
