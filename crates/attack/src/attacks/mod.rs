//! The attacks, one file each, by door. A new one is a file and a line here.

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::client::{Answer, Client, ClientError, Exchange, Probe};
use crate::identity::Identity;
use crate::report::Outcome;
use crate::run::Options;
use crate::surface::Surface;

/// The guide's nine doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// §1.
    SqlInjection,
    /// §2.
    ObjectOwnership,
    /// §3.
    CrossSiteScripting,
    /// §5.
    Cors,
    /// §6.
    MassAssignment,
    /// §7.
    SecurityHeaders,
    /// §8.
    Authentication,
    /// §9.
    Firewall,
    /// §4; last, because it wears out limits.
    RateLimiting,
}

impl Door {
    /// The doors in the order of the guide.
    pub const GUIDE: [Door; 9] = [
        Door::SqlInjection,
        Door::ObjectOwnership,
        Door::CrossSiteScripting,
        Door::RateLimiting,
        Door::Cors,
        Door::MassAssignment,
        Door::SecurityHeaders,
        Door::Authentication,
        Door::Firewall,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Door::SqlInjection => "sql",
            Door::ObjectOwnership => "ownership",
            Door::CrossSiteScripting => "xss",
            Door::RateLimiting => "rate",
            Door::Cors => "cors",
            Door::MassAssignment => "mass-assignment",
            Door::SecurityHeaders => "headers",
            Door::Authentication => "authentication",
            Door::Firewall => "waf",
        }
    }

    /// The row of the guide's checklist.
    pub const fn title(self) -> &'static str {
        match self {
            Door::SqlInjection => "1 SQL injection",
            Door::ObjectOwnership => "2 Broken object authorization (BOLA)",
            Door::CrossSiteScripting => "3 Cross-site scripting",
            Door::RateLimiting => "4 Rate limiting",
            Door::Cors => "5 CORS and request forgery",
            Door::MassAssignment => "6 Mass assignment, data exposure",
            Door::SecurityHeaders => "7 Security headers",
            Door::Authentication => "8 Authentication",
            Door::Firewall => "9 Web application firewall",
        }
    }
}

/// Who can shut a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The API's own code, or a gate.
    Code,
    /// Only something in front of the API.
    Gate,
}

/// An attack.
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// At which door.
    pub door: Door,
    /// What the attacker thinks.
    pub thought: &'static str,
    /// Who can shut this.
    pub shut_by: By,
    pub(crate) run: for<'p> fn(Probing<'p>) -> BoxFuture<'p, Result<Outcome, ClientError>>,
}

/// What an attack works with.
#[derive(Clone, Copy)]
pub(crate) struct Probing<'p> {
    pub(crate) client: &'p Client,
    pub(crate) surface: &'p Surface,
    pub(crate) options: &'p Options,
}

impl<'p> Probing<'p> {
    pub(crate) async fn send(self, probe: &Probe) -> Result<(Answer, Exchange), ClientError> {
        self.client.send(probe).await
    }

    /// The one whose things are wanted.
    pub(crate) fn victim(self) -> Option<&'p Identity> {
        self.options.identities.first()
    }

    /// The one who wants them.
    pub(crate) fn attacker(self) -> Option<&'p Identity> {
        self.options.identities.get(1)
    }

    /// Sends as the attacker, when there is one.
    pub(crate) fn mine(self, probe: Probe) -> Probe {
        match self.attacker().or(self.victim()) {
            Some(identity) => probe.by(identity),
            None => probe,
        }
    }
}

/// An attack's file: what the attacker thinks, and a function that finds out.
macro_rules! attack {
    ($name:literal, $door:ident, $by:ident, $thought:literal, $run:ident) => {
        pub(crate) const ATTACK: $crate::attacks::Attack = $crate::attacks::Attack {
            name: $name,
            door: $crate::attacks::Door::$door,
            thought: $thought,
            shut_by: $crate::attacks::By::$by,
            run: |probing| Box::pin($run(probing)),
        };
    };
}

macro_rules! attacks {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every attack, in the order in which they run.
        pub const ALL: &[Attack] = &[$($module::ATTACK),*];
    };
}

attacks! {
    sql_boolean, sql_union, sql_error, sql_stacked,
    bola_profile, bola_created, bola_neighbours, bola_list, bola_write, bola_delete, bola_batch, bola_nested,
    bola_graphql,
    xss_stored, xss_reflected, xss_cookie,
    cors_reflected, cors_null, cors_lookalike, cors_forgery,
    mass_role, mass_price, mass_owner, mass_nested, data_exposure,
    headers_missing, headers_leak, headers_on_errors,
    token_unsigned, token_weak_secret, token_expired,
    waf_no_agent, waf_large_login, waf_smuggling, waf_lookup, waf_traversal,
    rate_login, rate_spoofed, rate_flood,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_has_three_attacks_and_every_attack_a_thought() {
        for door in Door::GUIDE {
            assert!(ALL.iter().filter(|a| a.door == door).count() >= 3, "{}", door.name());
        }
        let mut names: Vec<_> = ALL.iter().map(|a| a.name).collect();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|a| a.thought.len() > 10));
    }
}
