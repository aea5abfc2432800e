//! The pages that everybody forgets.

use super::{Probing, headers_missing};
use crate::client::{ClientError, Probe};
use crate::report::Outcome;

attack!("headers-on-errors", SecurityHeaders, Code, "Are the headers there on errors too?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let (answer, exchange) = p.send(&Probe::get("/there/is/no/such/page")).await?;
    Ok(headers_missing::graded(&answer, exchange))
}
