//! One run: ordinary requests first, then every attack, those that wear out limits last.

use futures_util::future::BoxFuture;

use crate::attacks::{ALL, Attack, Door, Probing};
use crate::client::Client;
use crate::identity::Identity;
use crate::ordinary;
use crate::report::{Finding, Outcome, Report};
use crate::surface::Surface;

/// Called after each attack, so that a lab can put its data back.
pub type Reset = Box<dyn Fn() + Send + Sync>;

/// What a run may do.
pub struct Options {
    /// Two people who may use the API; fewer make some attacks not applicable.
    pub identities: Vec<Identity>,
    /// Only these doors; all when empty.
    pub doors: Vec<Door>,
    /// Whether attacks that destroy data, or send thousands of requests, are allowed.
    pub destructive: bool,
    /// A name and password that are right, for attacks on the login.
    pub login: Option<(String, String)>,
    /// Puts data back between attacks.
    pub reset: Option<Reset>,
}

/// Runs ordinary requests and attacks, and calls `progress` before each with its name.
pub async fn run(
    client: &Client,
    surface: &Surface,
    options: &Options,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Report {
    progress("ordinary requests");
    let (ordinary, refused) = ordinary::journey(client, surface, options.identities.first()).await;
    let mut findings = Vec::new();
    for attack in ALL.iter().filter(|attack| options.doors.is_empty() || options.doors.contains(&attack.door))
    {
        progress(attack.name);
        findings.push(try_one(attack, Probing { client, surface, options }).await);
        if let Some(reset) = &options.reset {
            reset();
        }
    }
    Report { findings, ordinary, refused }
}

async fn try_one(attack: &Attack, probing: Probing<'_>) -> Finding {
    let trial: BoxFuture<'_, _> = (attack.run)(probing);
    // An API that does not answer is not a door that is shut.
    let outcome = trial.await.unwrap_or_else(|error| Outcome::not_applicable(error.to_string()));
    Finding {
        attack: attack.name,
        door: attack.door,
        thought: attack.thought,
        shut_by: attack.shut_by,
        outcome,
    }
}
