//! Read-only fields, set while an object is created.

use http::Method;

use crate::oracle;
use crate::probing::{AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

/// Adds fields to whatever can be created and shows them, and looks for them in the answer.
pub(super) async fn probe(p: Probing<'_>, fields: &[(&str, i64)]) -> Result<Verdict, AttackError> {
    let mut attempts = Attempts::default();
    for endpoint in p.surface.plain(&Method::POST).filter(|endpoint| endpoint.secured) {
        let is_shown = |field: &str| endpoint.response.iter().any(|shown| shown == field);
        for (field, value) in fields.iter().filter(|(field, _)| is_shown(field)) {
            let probe = endpoint.request(&endpoint.example_with(field, *value));
            let (answer, seen) = p.send(&p.authenticated(probe)).await?;
            if oracle::took(&answer, &[field], &(*value).into()) {
                let summary = format!("{} took {field}: {value}", endpoint.path);
                return Ok(Verdict::exploited(summary, vec![seen]));
            }
            attempts.blocked(seen);
        }
    }
    Ok(attempts.verdict("the field was not taken", "no such field in what can be created"))
}
