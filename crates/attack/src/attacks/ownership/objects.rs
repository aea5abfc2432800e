//! Objects that belong to an account for certain, because it has just created them.

use http::Method;
use serde_json::Value;

use crate::identity::Identity;
use crate::oracle;
use crate::probe::{Answer, Probe};
use crate::probing::{AttackError, Probing};
use crate::verdict::Attempts;

/// An object that an account has just created.
pub(super) struct Created {
    /// Its id, as text.
    pub(super) id: String,
    /// Where it is read.
    pub(super) path: String,
    /// The answer that created it.
    pub(super) body: Value,
}

/// Creates an object in a collection; `None` where nothing can be created, or the answer names no id.
pub(super) async fn create(
    p: Probing<'_>,
    collection: &str,
    owner: &Identity,
) -> Result<Option<Created>, AttackError> {
    let Some(create) = p.surface.plain(&Method::POST).find(|endpoint| endpoint.path == collection) else {
        return Ok(None);
    };
    let (created, _) = p.send(&create.request(&create.example()).by(owner)).await?;
    let Some(body) = created.json() else { return Ok(None) };
    let id = body.get("id").map(oracle::id_text);
    Ok(id.map(|id| Created { path: format!("{collection}/{id}"), id, body }))
}

/// An object that an account has just created and can read.
pub(super) struct Readable {
    /// Where it is read.
    pub(super) path: String,
    /// Its owner's request for it.
    pub(super) read: Probe,
    /// What its owner sees.
    pub(super) seen_by_owner: Answer,
}

/// Creates an object in a collection and reads it as its owner. One that its owner cannot read proves nothing: it is
/// noted as not judged.
pub(super) async fn create_readable(
    p: Probing<'_>,
    collection: &str,
    owner: &Identity,
    attempts: &mut Attempts,
) -> Result<Option<Readable>, AttackError> {
    let Some(Created { path, .. }) = create(p, collection, owner).await? else { return Ok(None) };
    let read = Probe::get(path.clone()).by(owner);
    let (seen_by_owner, _) = p.send(&read).await?;
    if !seen_by_owner.is_success() {
        attempts.unjudged("its creator cannot read it");
        return Ok(None);
    }
    Ok(Some(Readable { path, read, seen_by_owner }))
}
