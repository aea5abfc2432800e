//! A script in a link that the page repeats.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::ordinary::escape;
use crate::report::Outcome;

attack!("xss-reflected", CrossSiteScripting, Code, "Does a link with a script in it run the script?", run);

const PAYLOADS: [&str; 3] =
    ["<script>alert('dw-reflected')</script>", "\"><img src=x onerror=alert('dw-reflected')>", "<svg/onload=alert('dw-reflected')>"];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let mut last = None;
    for (endpoint, name) in p.surface.queries().filter(|(e, _)| e.html) {
        for payload in PAYLOADS {
            let (answer, exchange) = p.send(&Probe::get(format!("{}?{name}={}", endpoint.path, escape(payload)))).await?;
            let is_html = answer.header("content-type").is_some_and(|t| t.contains("html"));
            if is_html && answer.text().contains(payload) {
                return Ok(Outcome::exploited(format!("{name} of {} is repeated as it was sent", endpoint.path), vec![exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("nothing was repeated as markup", vec![exchange]),
        None => Outcome::not_applicable("no page takes text in its query"),
    })
}
