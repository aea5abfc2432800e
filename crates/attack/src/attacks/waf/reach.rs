//! Whether a payload reaches the API's code.

use crate::oracle;
use crate::probe::Probe;
use crate::probing::{AttackError, Probing};
use crate::verdict::Verdict;

/// Exploited when the payload has the same answer as an ordinary value: then the API's code has seen it.
pub(super) async fn probe(p: Probing<'_>, control: &Probe, payload: &Probe) -> Result<Verdict, AttackError> {
    let (control, _) = p.send(control).await?;
    if !control.is_success() {
        return Ok(Verdict::not_applicable("an ordinary value is not served"));
    }
    let (answer, seen) = p.send(payload).await?;
    Ok(if oracle::same(&control, &answer) {
        Verdict::exploited("answered like an ordinary value: the code behind has seen it", vec![seen])
    } else {
        Verdict::blocked("it does not reach the code behind", vec![seen])
    })
}
