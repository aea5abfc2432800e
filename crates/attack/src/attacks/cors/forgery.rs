//! A write that another site's page sends with the victim's cookie.

use http::Method;

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "cors-forgery",
    door: GuideDoor::Cors,
    shut_by: ShutBy::Gate,
    thought: "Can a form on my page write to the API as the visitor?",
    needs: &[Need::VictimToken],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let token = p.victim_token()?;
    let mut attempts = Attempts::default();
    let writes = p.surface.plain(&Method::POST).filter(|endpoint| endpoint.secured);
    for endpoint in writes.filter(|endpoint| !endpoint.texts().is_empty()) {
        let probe = endpoint
            .request(&endpoint.example())
            .header("cookie", format!("session={token}"))
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "cors");
        let (answer, seen) = p.send(&probe).await?;
        if answer.is_success() {
            let summary = format!("a foreign page writes to {} as the visitor", endpoint.path);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("no write across sites", "no write takes a cookie"))
}
