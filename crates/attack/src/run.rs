//! One run: ordinary requests first, then every attack; those that exhaust limits come last.

use crate::attack_report::{AttackReport, AttackResult};
use crate::attacks;
use crate::client::HttpClient;
use crate::options::Options;
use crate::ordinary;
use crate::probing::Probing;
use crate::surface::Surface;

/// Sends ordinary requests and runs the attacks, at the API's root ([`ApiUrl`](crate::ApiUrl)). Calls `progress` with
/// the name of each before it starts.
pub async fn run(
    client: &HttpClient,
    surface: &Surface,
    options: &Options,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> AttackReport {
    let client = &client.or_at(&surface.base_path);
    progress("ordinary requests");
    let (ordinary, refused) = ordinary::send(client, surface, options.identities.first()).await;
    let is_wanted = |door| options.doors.is_empty() || options.doors.contains(&door);
    let mut results = Vec::new();
    for attack in attacks::all().filter(|attack| is_wanted(attack.door)) {
        progress(attack.name);
        results.push(AttackResult {
            attack: attack.name,
            door: attack.door,
            thought: attack.thought,
            shut_by: attack.shut_by,
            verdict: attack.verdict(Probing { client, surface, options }).await,
        });
        if let Some(reset) = &options.reset {
            reset();
        }
    }
    AttackReport { results, ordinary, refused }
}
