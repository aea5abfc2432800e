//! `[bots]`: which programs ask, and what a browser has to do before it may.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderName;
use reputation::agents::Signal;
use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[bots]`: what a request shows of the program that sent it counts points. Nothing counts against callers who are known
    /// by a credential. Tools that attack are refused by the detector `scanner`.
    pub struct BotsConfig {
        /// Points of signals, where they differ from the list on the page "Bots": `{ ai-crawler = 100 }` keeps AI crawlers out.
        pub points: BTreeMap<Signal, u32> = BTreeMap::new(),
        /// Points from which a request is reported; 0: never.
        pub report_at: u32 = 50,
        /// Points from which a browser has to solve a challenge, and other programs are refused; 0: never.
        pub challenge_at: u32 = 0,
        /// Points from which a request is refused; 0: never.
        pub refuse_at: u32 = 100,
        /// A header in which the upstream gets the points and their reasons: `x-bot-score`. A client's own is removed.
        pub tag: Option<String> = None,
        /// Paths that no honest client asks for: `["/wp-login.php", "/.env"]`. Whoever does gets 404 and is banned.
        pub honeypots: Vec<String> = Vec::new(),
        /// For how long.
        pub honeypot_ban: Period = Period(Duration::from_secs(3600)),
        /// Whether crawlers that say who they are have to come from there, by the name of their address and back again (DNS).
        pub verify_crawlers: bool = true,
        /// The DNS server that is asked; those of the system when not set.
        pub resolver: Option<SocketAddr> = None,
        /// The challenge.
        pub challenge: ChallengeConfig = ChallengeConfig::default(),
    }
}

settings! {
    /// `[bots.challenge]`: the page on which a browser works for some moments before its first request passes. It is shown to
    /// those who ask for HTML; other programs get a refusal. No credential, no cookie and nothing of anybody else is needed.
    pub struct ChallengeConfig {
        /// Bits of work: the browser tries 2 to the power of this many numbers, on average. More points and an attack add up to 4.
        pub bits: u32 = 16,
        /// How long a browser that has solved one passes, from its network and with its agent.
        pub clearance: Period = Period(Duration::from_secs(3600)),
        /// How long a browser without JavaScript has to wait instead; `"0 s"` lets none in.
        pub wait: Wait = Wait(Duration::from_secs(8)),
    }
}

settings! {
    /// `[under_attack]`: while an attack lasts, everybody without a credential has to solve the challenge of `[bots]`.
    pub struct UnderAttackConfig {
        /// `manual`: `doorward under-attack on` and `off`; `auto`: also by itself, when one of the lines below is crossed.
        pub mode: UnderAttackMode = UnderAttackMode::Manual,
        /// Refused requests in a hundred, of ten clients or more.
        pub refused_percent: u32 = 50,
        /// Answers of 500 and above in a hundred.
        pub error_percent: u32 = 30,
        /// The average time of an answer.
        pub latency: Period = Period(Duration::from_secs(10)),
        /// Requests in ten seconds below which nothing is an attack.
        pub min_requests: u32 = 500,
        /// How long all lines have to be undercut by half before it ends.
        pub calm: Period = Period(Duration::from_secs(300)),
    }
}

/// When the under-attack mode begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnderAttackMode {
    /// When an operator says so.
    Manual,
    /// Also by itself.
    Auto,
}

/// A length of time that may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Period(self.0).fmt(f)
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let none = || humantime::parse_duration(text.trim()).ok().filter(Duration::is_zero);
        let parsed = text.parse::<Period>().map(|period| period.0).or_else(|error| none().ok_or(error));
        parsed.map(Wait).map_err(serde::de::Error::custom)
    }
}

crate::settings::serialize_as_text!(Wait);

/// Which programs ask.
#[derive(Debug)]
pub struct Bots {
    points: BTreeMap<Signal, u32>,
    /// Points from which a request is reported.
    pub report_at: Option<u32>,
    /// From which it is challenged.
    pub challenge_at: Option<u32>,
    /// From which it is refused.
    pub refuse_at: Option<u32>,
    /// The header for the upstream.
    pub tag: Option<HeaderName>,
    /// Paths that no honest client asks for, in small letters.
    pub honeypots: Vec<String>,
    /// For how long whoever does is banned.
    pub honeypot_ban: Duration,
    /// Whether crawlers are verified.
    pub verify_crawlers: bool,
    /// The DNS server that is asked.
    pub resolver: Option<SocketAddr>,
    /// The challenge.
    pub challenge: Challenge,
    /// What makes an attack.
    pub under_attack: UnderAttackConfig,
}

/// The challenge.
#[derive(Debug, Clone, Copy)]
pub struct Challenge {
    /// Bits of work.
    pub bits: u32,
    /// How long a browser passes.
    pub clearance: Duration,
    /// How long one without JavaScript waits; none gets in when `None`.
    pub wait: Option<Duration>,
}

impl Bots {
    /// What a signal counts.
    pub fn points(&self, signal: Signal) -> u32 {
        self.points.get(&signal).copied().unwrap_or(signal.usual_points())
    }
}

impl BotsConfig {
    pub(crate) fn compile(&self, under_attack: &UnderAttackConfig, reader: &mut Reader) -> Bots {
        /// More takes a browser minutes.
        const MOST_BITS: u32 = 22;
        let line = |points: u32| (points > 0).then_some(points);
        if !(1..=MOST_BITS).contains(&self.challenge.bits) {
            let message = format!("`{}` bits of work are nothing or take minutes", self.challenge.bits);
            reader.wrong(&["bots", "challenge", "bits"], message, "write a number from 1 to 22; 16 is usual");
        }
        let tag = self.tag.as_deref().and_then(|name| {
            let parsed = name.parse::<HeaderName>().ok();
            if parsed.is_none() {
                let message = format!("`{name}` is no name of a header");
                reader.wrong(&["bots", "tag"], message, "write `x-bot-score`");
            }
            parsed
        });
        for (i, path) in self.honeypots.iter().enumerate() {
            if !path.starts_with('/') || path == "/" || path.contains(['?', '*', '{']) {
                let message = format!("`{path}` is no path of a honeypot");
                let help = "write one whole path, such as `/wp-login.php`";
                reader.wrong(&["bots", "honeypots", &i.to_string()], message, help);
            }
        }
        for (field, percent) in
            [("refused_percent", under_attack.refused_percent), ("error_percent", under_attack.error_percent)]
        {
            if !(1..=100).contains(&percent) {
                let message = format!("`{percent}` in a hundred");
                reader.wrong(&["under_attack", field], message, "write a number from 1 to 100");
            }
        }
        Bots {
            points: self.points.clone(),
            report_at: line(self.report_at),
            challenge_at: line(self.challenge_at),
            refuse_at: line(self.refuse_at),
            tag,
            honeypots: self.honeypots.iter().map(|path| path.to_ascii_lowercase()).collect(),
            honeypot_ban: self.honeypot_ban.0,
            verify_crawlers: self.verify_crawlers,
            resolver: self.resolver,
            challenge: Challenge {
                bits: self.challenge.bits,
                clearance: self.challenge.clearance.0,
                wait: (!self.challenge.wait.0.is_zero()).then_some(self.challenge.wait.0),
            },
            under_attack: under_attack.clone(),
        }
    }
}
