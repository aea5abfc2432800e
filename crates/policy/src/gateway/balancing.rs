//! `[gateway.load_balancing]`.

use std::time::Duration;

use http::HeaderName;
use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[gateway.load_balancing]`: which upstream a request goes to.
    pub struct BalancingConfig {
        /// `round-robin`: each in its turn. `least-requests`: the one with the fewest requests under way. `hash`: the same
        /// one for the same value of `header` or `cookie`; requests without it go round robin.
        pub method: BalancingMethod = BalancingMethod::RoundRobin,
        /// The header that `hash` looks at.
        pub header: Option<String> = None,
        /// The cookie that `hash` looks at.
        pub cookie: Option<String> = None,
        /// For which an upstream that is up again gets less than its share: a tenth at first, then more and more.
        pub slow_start: Option<Period> = None,
    }
}

/// How an upstream is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalancingMethod {
    /// Each in its turn.
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastRequests,
    /// The same one for the same header or cookie.
    Hash,
}

/// Which upstream a request goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balancing {
    /// How it is chosen.
    pub choice: Choice,
    /// For which one that is up again gets less than its share.
    pub slow_start: Option<Duration>,
}

/// How an upstream is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Each in its turn.
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastRequests,
    /// The same one for the same value of a header.
    Header(HeaderName),
    /// The same one for the same value of a cookie.
    Cookie(String),
}

impl BalancingConfig {
    /// `table` is the place of these settings.
    pub(super) fn compile(&self, table: &[&str], reader: &mut Reader) -> Balancing {
        let place = |field: &'static str| table.iter().copied().chain([field]).collect::<Vec<_>>();
        let choice = match (self.method, &self.header, &self.cookie) {
            (BalancingMethod::RoundRobin, None, None) => Choice::RoundRobin,
            (BalancingMethod::LeastRequests, None, None) => Choice::LeastRequests,
            (BalancingMethod::Hash, Some(name), None) => match name.parse() {
                Ok(name) => Choice::Header(name),
                Err(_) => {
                    reader.wrong(&place("header"), format!("`{name}` is not a header name"), "");
                    Choice::RoundRobin
                }
            },
            (BalancingMethod::Hash, None, Some(name)) => Choice::Cookie(name.clone()),
            (BalancingMethod::Hash, _, _) => {
                reader.wrong(table, "`hash` looks at one header or one cookie", "write `header` or `cookie`");
                Choice::RoundRobin
            }
            (_, header, _) => {
                let there = if header.is_some() { "header" } else { "cookie" };
                reader.wrong(&place(there), "only `hash` looks at it", "write `method = \"hash\"`");
                Choice::RoundRobin
            }
        };
        Balancing { choice, slow_start: self.slow_start.map(|period| period.0) }
    }
}
