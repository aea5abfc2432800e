//! Ids that callers were given: remembered from answers, so that requests which name them need no read.

use identity::Principal;
use policy::BuiltInDoor;
use serde_json::Value;
use store::{LedgerKey, StoreError, millis};

use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::doors::Step;
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::exchange::Exchange;

/// Remembers the ids that an answer gives to the caller.
pub(crate) struct Answers;

impl Inspector for Answers {
    fn door(&self) -> Option<DoorId> {
        Some(BuiltInDoor::Ownership.into())
    }

    fn expects(&self, _: &Engine, x: &Exchange<'_>) -> Option<Extent> {
        let remembers = !x.route.ownership.remember.is_empty() && x.principal.is_some();
        remembers.then_some(Extent::Any)
    }

    fn wants(&self, engine: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        head.status.is_success() && head.is_json && self.expects(engine, x).is_some()
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        let entries = match (&x.principal, held.value()) {
            (Some(principal), Some(value)) => entries(x, principal, value),
            _ => Vec::new(),
        };
        if entries.is_empty() {
            return Step::PASS;
        }
        Step::later(async move {
            if let Err(error) = remember(ruling, x, entries).await {
                // The answer is the caller's all the same; what is not remembered will be read first, or refused.
                let (door, error) = (BuiltInDoor::Ownership.name(), error.to_string());
                ruling.note(x, door, "store", Verdict::Failed, None, &error.into());
            }
            Decision::Pass
        })
    }
}

/// The ids in an answer.
fn entries(x: &Exchange<'_>, principal: &Principal, response: &Value) -> Vec<LedgerKey> {
    /// Ids of one answer that are remembered.
    const MOST: usize = 10_000;
    let mut entries = Vec::new();
    for (kind, pointers) in &x.route.ownership.remember {
        for pointer in pointers {
            pointer.visit(response, &mut |value| {
                let id = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => return,
                };
                if entries.len() < MOST {
                    entries.push(LedgerKey::new(kind, &principal.subject, &id));
                }
            });
        }
    }
    entries
}

/// Remembers ids.
pub(super) async fn remember(
    ruling: Ruling<'_>,
    x: &Exchange<'_>,
    entries: Vec<LedgerKey>,
) -> Result<(), StoreError> {
    let ttl = millis(ruling.engine.policy.ownership.ledger.ttl);
    ruling.state.stores.ledger.insert(entries, x.unix_millis().saturating_add(ttl)).await
}
