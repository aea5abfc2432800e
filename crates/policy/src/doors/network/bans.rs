//! `[network.bans]`: who is refused for a time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::doors::door::{BuiltInDoor, DoorName};
use crate::doors::rate::{Cost, CountedOutcome, Limit, LimitAlgorithm, LimitKey};
use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[network.bans]`: clients that are refused again and again are refused altogether for a time. An operator bans with
    /// `doorward ban`. Gateways with one `[rate.store]` share their bans.
    pub struct BansConfig {
        /// How many refusals ban a client: `50 per 10 minutes`. By an operator alone when not set.
        pub after: Option<Limit> = None,
        /// For how long; each further ban within `longest` is twice as long as the one before.
        pub duration: Period = Period(Duration::from_secs(600)),
        /// The longest ban, and how long one is remembered.
        pub longest: Period = Period(Duration::from_secs(24 * 3600)),
        /// What a refusal by a door counts: `{ injection = 5, rate = 0 }`. Not named, `authentication`, `bots`, `cors`
        /// and `schema` count nothing, since they refuse mistakes too, and every other door counts 1. What a limit refuses of a
        /// caller with a credential does not count, nor what a page of another site may have made a browser ask for.
        pub weights: BTreeMap<DoorName, u32> = BTreeMap::new(),
        /// Where bans are kept, to outlive a restart. In memory when not set.
        pub file: Option<PathBuf> = None,
    }
}

/// Who is refused for a time.
#[derive(Debug, Default)]
pub struct Bans {
    /// What bans without an operator.
    pub rule: Option<BanRule>,
    /// Where bans are kept.
    pub file: Option<PathBuf>,
}

/// What bans without an operator.
#[derive(Debug)]
pub struct BanRule {
    /// How many refusals in which time.
    pub after: Limit,
    /// How long the first ban is.
    pub duration: Duration,
    /// How long the longest is.
    pub longest: Duration,
    weights: BTreeMap<DoorName, u32>,
}

impl BanRule {
    /// What a refusal by a door counts.
    pub fn weight(&self, door: BuiltInDoor) -> u32 {
        self.weights.get(&DoorName(door)).copied().unwrap_or(Self::usual_weight(door))
    }

    /// The same where no policy says otherwise: nothing for doors that refuse mistakes as often as attacks.
    pub const fn usual_weight(door: BuiltInDoor) -> u32 {
        match door {
            BuiltInDoor::Authentication | BuiltInDoor::Bots | BuiltInDoor::Cors | BuiltInDoor::Schema => 0,
            _ => 1,
        }
    }

    /// How long a ban is that follows some others.
    pub fn duration(&self, before: u32) -> Duration {
        self.duration.checked_mul(2_u32.saturating_pow(before)).unwrap_or(self.longest).min(self.longest)
    }
}

impl BansConfig {
    pub(super) fn compile(&self, reader: &mut Reader) -> Bans {
        if let Some(after) = &self.after
            && (after.keys != [LimitKey::Ip]
                || after.counting != CountedOutcome::All
                || after.algorithm == LimitAlgorithm::AtOnce
                || after.cost != Cost::Fixed(1)
                || after.blocking.is_some()
                || after.is_observed)
        {
            let message = "what bans is counted by address, and nothing but refusals is counted";
            reader.wrong(&["network", "bans", "after"], message, "write `50 per 10 minutes`");
        }
        if self.longest < self.duration {
            let message = format!("the longest ban is shorter than the first, {}", self.duration);
            reader.wrong(&["network", "bans", "longest"], message, "write `longest = \"1 day\"`");
        }
        let rule = |after: &Limit| BanRule {
            after: after.clone(),
            duration: self.duration.0,
            longest: self.longest.0,
            weights: self.weights.clone(),
        };
        Bans { rule: self.after.as_ref().map(rule), file: self.file.as_ref().map(|file| reader.path(file)) }
    }
}
