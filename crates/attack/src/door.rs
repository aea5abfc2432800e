//! The nine doors of the API security guide: the rows of the checklist.

use report::{Category, Level};
use serde::Serialize;

/// A door of the guide. The guard has more and smaller doors; these are what a checklist names.
///
/// Section numbers are those of [the guide](https://github.com/doorward/doorward/blob/main/docs/guide.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuideDoor {
    /// §1.
    SqlInjection,
    /// §2.
    ObjectOwnership,
    /// §3.
    CrossSiteScripting,
    /// §4.
    RateLimiting,
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
}

impl GuideDoor {
    /// All of them, in the order of the guide.
    pub const ALL: [GuideDoor; 9] = [
        GuideDoor::SqlInjection,
        GuideDoor::ObjectOwnership,
        GuideDoor::CrossSiteScripting,
        GuideDoor::RateLimiting,
        GuideDoor::Cors,
        GuideDoor::MassAssignment,
        GuideDoor::SecurityHeaders,
        GuideDoor::Authentication,
        GuideDoor::Firewall,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            GuideDoor::SqlInjection => "sql",
            GuideDoor::ObjectOwnership => "ownership",
            GuideDoor::CrossSiteScripting => "xss",
            GuideDoor::RateLimiting => "rate",
            GuideDoor::Cors => "cors",
            GuideDoor::MassAssignment => "mass-assignment",
            GuideDoor::SecurityHeaders => "headers",
            GuideDoor::Authentication => "authentication",
            GuideDoor::Firewall => "waf",
        }
    }

    /// How early to work on it.
    pub const fn priority(self) -> Level {
        match self {
            GuideDoor::SqlInjection | GuideDoor::ObjectOwnership | GuideDoor::Authentication => {
                Level::Critical
            }
            GuideDoor::CrossSiteScripting | GuideDoor::RateLimiting | GuideDoor::MassAssignment => {
                Level::High
            }
            GuideDoor::Cors | GuideDoor::SecurityHeaders | GuideDoor::Firewall => Level::Medium,
        }
    }

    /// The doors as rows of a report.
    pub(crate) fn categories() -> Vec<Category> {
        GuideDoor::ALL.map(|door| Category::new(door.name(), door.title(), door.priority())).into()
    }

    /// The row of the guide's checklist.
    pub const fn title(self) -> &'static str {
        match self {
            GuideDoor::SqlInjection => "1 SQL injection",
            GuideDoor::ObjectOwnership => "2 Broken object authorization (BOLA)",
            GuideDoor::CrossSiteScripting => "3 Cross-site scripting",
            GuideDoor::RateLimiting => "4 Rate limiting",
            GuideDoor::Cors => "5 CORS and request forgery",
            GuideDoor::MassAssignment => "6 Mass assignment, data exposure",
            GuideDoor::SecurityHeaders => "7 Security headers",
            GuideDoor::Authentication => "8 Authentication",
            GuideDoor::Firewall => "9 Web application firewall",
        }
    }
}

/// Who can shut a door against an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShutBy {
    /// The API's own code, or a gate.
    Code,
    /// Only something in front of the API.
    Gate,
}
