//! A script that is stored as text and lands in a page.

use http::Method;

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("xss-stored", CrossSiteScripting, Code, "Does JavaScript that I submit as text run in other people's browsers?", run);

const PAYLOADS: [&str; 3] = [
    "<script>alert('dw-stored-1')</script>",
    "<img src=x onerror=\"alert('dw-stored-2')\">",
    "<svg/onload=alert('dw-stored-3')>",
];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let pages: Vec<_> = p.surface.plain(&Method::GET).filter(|e| e.html).collect();
    if pages.is_empty() {
        return Ok(Outcome::not_applicable("no operation answers with a page"));
    }
    let mut last = None;
    for endpoint in p.surface.plain(&Method::POST).filter(|e| e.secured) {
        for (payload, field) in pairs(&endpoint.texts()) {
            let mut body = endpoint.example();
            body[field.as_str()] = payload.into();
            let (_, stored) = p.send(&p.mine(Probe::json(Method::POST, endpoint.path.clone(), &body))).await?;
            for page in &pages {
                // As the browser of somebody else.
                let (answer, shown) = p.send(&Probe::get(page.path.clone())).await?;
                let is_html = answer.header("content-type").is_some_and(|t| t.contains("html"));
                if is_html && answer.text().contains(payload) {
                    let summary = format!("{field} of {} stands in the page {} as it was sent", endpoint.path, page.path);
                    return Ok(Outcome::exploited(summary, vec![stored, shown]));
                }
            }
            last = Some(stored);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no payload stood in a page", vec![exchange]),
        None => Outcome::not_applicable("no operation stores text"),
    })
}

/// Every payload with every field.
fn pairs(fields: &[&str]) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    for payload in PAYLOADS {
        for field in fields {
            pairs.push((payload, (*field).to_owned()));
        }
    }
    pairs
}
