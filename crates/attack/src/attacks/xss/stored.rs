//! A script that is stored as text and appears in a page.

use http::Method;
use report::Transcript;

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::payloads::xss::STORED;
use crate::probe::Probe;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "xss-stored",
    door: GuideDoor::CrossSiteScripting,
    shut_by: ShutBy::Code,
    thought: "Does JavaScript that I submit as text run in other people's browsers?",
    needs: &[Need::Page],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for endpoint in p.surface.plain(&Method::POST).filter(|endpoint| endpoint.secured) {
        for payload in STORED {
            for field in endpoint.texts() {
                let probe = endpoint.request(&endpoint.example_with(field, payload));
                let (_, stored) = p.send(&p.authenticated(probe)).await?;
                if let Some((page, shown)) = page_that_shows(p, payload).await? {
                    let summary = format!("{field} of {} stands in {page} unescaped", endpoint.path);
                    return Ok(Verdict::exploited(summary, vec![stored, shown]));
                }
                attempts.blocked(stored);
            }
        }
    }
    Ok(attempts.verdict("no payload stood in a page", "no operation stores text"))
}

/// The page that shows a payload to the browser of somebody else.
async fn page_that_shows<'p>(
    p: Probing<'p>,
    payload: &str,
) -> Result<Option<(&'p str, Transcript)>, AttackError> {
    for page in p.surface.pages() {
        let (answer, shown) = p.send(&Probe::get(page.path.clone())).await?;
        if oracle::renders(&answer, payload) {
            return Ok(Some((&page.path, shown)));
        }
    }
    Ok(None)
}
