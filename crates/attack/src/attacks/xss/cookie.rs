//! A session cookie that any script on the page could read.

use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::oracle::Cookies;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::Verdict;

pub(super) const ATTACK: Attack = Attack {
    name: "xss-cookie",
    door: GuideDoor::CrossSiteScripting,
    shut_by: ShutBy::Code,
    thought: "If I get one script to run, can it take the session along?",
    needs: &[Need::LoginCredentials],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (login, name, password) = p.credentials()?;
    let body = login.credentials(name, password);
    let (answer, seen) = p.send(&login.request(&body)).await?;
    Ok(match oracle::cookies(&answer, p.client.is_tls()) {
        None => Verdict::not_applicable("login sets no cookie"),
        Some(Cookies::Lack(attribute)) => {
            Verdict::exploited(format!("the session cookie has no {attribute}"), vec![seen])
        }
        Some(Cookies::Protected) => {
            Verdict::blocked("the cookie is protected: HttpOnly, SameSite, and Secure over TLS", vec![seen])
        }
    })
}
