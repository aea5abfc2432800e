//! A path out of the directory, as a parameter.

use super::Probing;
use crate::client::{ClientError, Probe};
use crate::ordinary::escape;
use crate::report::Outcome;

attack!("waf-traversal", Firewall, Gate, "Does `../../etc/passwd` reach the code behind?", run);

async fn run(p: Probing<'_>) -> Result<Outcome, ClientError> {
    let Some((endpoint, name)) = p.surface.queries().find(|(e, _)| !e.html) else {
        return Ok(Outcome::not_applicable("no operation takes text in its query"));
    };
    let with = |value: &str| p.mine(Probe::get(format!("{}?{name}={}", endpoint.path, escape(value))));
    reaches(p, with("zz-ordinary"), with("../../../../etc/passwd")).await
}

/// Whether a payload is answered just as an ordinary value is: then the API's code has seen it.
pub(super) async fn reaches(p: Probing<'_>, control: Probe, payload: Probe) -> Result<Outcome, ClientError> {
    let (usual, _) = p.send(&control).await?;
    let (answer, exchange) = p.send(&payload).await?;
    Ok(if usual.status.is_success() && answer.status == usual.status && answer.body == usual.body {
        Outcome::exploited("answered like an ordinary value: the code behind has seen it", vec![exchange])
    } else {
        Outcome::blocked("it does not reach the code behind", vec![exchange])
    })
}
