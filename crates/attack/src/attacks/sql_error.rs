//! A lone quote, and the database's complaint about it.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::ordinary::escape;
use crate::report::Outcome;

attack!("sql-error", SqlInjection, Code, "Does a broken query tell me which database this is and what it asks?", run);

const COMPLAINTS: [&str; 9] = [
    "syntax error", "unrecognized token", "sqlite", "sqlstate", "mysql", "postgresql", "ora-0", "unterminated quoted",
    "incomplete input",
];

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let mut last = None;
    for (endpoint, name) in p.surface.queries().filter(|(e, _)| !e.html) {
        for payload in ["'", "zz'\"", "zz' AND (SELECT"] {
            let probe = p.mine(Probe::get(format!("{}?{name}={}", endpoint.path, escape(payload))));
            let (answer, exchange) = p.send(&probe).await?;
            let text = answer.text().to_ascii_lowercase();
            if let Some(complaint) = COMPLAINTS.iter().find(|c| text.contains(**c)) {
                return Ok(Outcome::exploited(format!("{name}={payload} is answered with `{complaint}`"), vec![exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no database spoke", vec![exchange]),
        None => Outcome::not_applicable("no operation takes text in its query"),
    })
}
