//! Objects that belong to an account for certain, because it has just created them.

use http::Method;
use serde_json::Value;

use crate::identity::Identity;
use crate::oracle;
use crate::probe::Probe;
use crate::probing::{AttackError, Probing};

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
    let (created, _) = p.send(&Probe::json(Method::POST, collection, &create.example()).by(owner)).await?;
    let Some(body) = created.json() else { return Ok(None) };
    let id = body.get("id").map(oracle::id_text);
    Ok(id.map(|id| Created { path: format!("{collection}/{id}"), id, body }))
}
