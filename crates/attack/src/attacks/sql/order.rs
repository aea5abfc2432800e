//! The name of a column, where a statement sorts by what the client says.
//!
//! No quote is needed there: an expression stands where a name is expected. One that sorts one way if a condition holds
//! and the other way if it does not shows by the order of a list whether it holds; one that fails unless it holds shows it
//! by an error, or by the empty list that hides it.

use std::sync::Arc;

use serde_json::Value;

use crate::answer::values::objects;
use crate::answer::{Reply, list_length};
use crate::attack::{Attack, Hole, Tried};
use crate::attacks::aim::{Aim, Takes, is_called, is_read_like};
use crate::attacks::pairs::{self, Outcome, Words};
use crate::census::{Control, shape_of};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Baseline, Prober, Stop};
use crate::request::Slot;
use crate::surface::Kind;
use report::Level;

pub(super) const ATTACK: Attack = Attack {
    name: "sql-order",
    door: GuideDoor::SqlInjection,
    shut_by: ShutBy::Code,
    thought: "If I sort by an expression of SQL, does the order follow it?",
    level: Level::Critical,
    references: &["CWE-89", "API8:2023"],
    mend_in_code: "Sort by one of a list of columns, in one of two directions; never paste names into SQL.",
    mend_at_gate: "Name the columns in the document as an enum: the door schema refuses any other.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// Names of what a list is sorted or grouped by.
const NAMES: [&str; 8] = ["sort", "order", "by", "column", "field", "dir", "group", "rank"];
/// The most columns that are tried.
const MAX_COLUMNS: usize = 3;

/// What fails unless it is skipped: in PostgreSQL, MySQL and SQL Server; in SQLite.
const FAILING: [&str; 2] = ["(SELECT 1 UNION SELECT 2)", "abs(-9223372036854775807-1)"];

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        let is_list = control.reply.value.as_ref().and_then(list_length).is_some_and(|length| length > 1);
        if !is_read_like(endpoint) || !is_list {
            continue;
        }
        for slot in control.slots(endpoint) {
            let kind = shape_of(endpoint, &slot).map(|shape| &shape.kind);
            let is_text = matches!(kind, None | Some(Kind::Text | Kind::Any));
            if !is_text || matches!(slot, Slot::Path(_)) || !is_called(slot.name(), &NAMES) {
                continue;
            }
            let result = try_slot(p, &control, &slot, tried).await;
            tried.take(result)?;
        }
    }
    Ok(())
}

async fn try_slot(
    p: &Prober<'_>,
    control: &Arc<Control>,
    slot: &Slot,
    tried: &mut Tried,
) -> Result<(), Stop> {
    // The ordinary request is the one without the slot, or with what it had: a made-up name is no column.
    let Some(control) = p.renewed(control).await? else { return Ok(()) };
    let baseline = Baseline {
        who: control.who,
        draft: control.draft.clone(),
        text: control.draft.text(slot).unwrap_or_default(),
        reply: control.reply.clone(),
        mask: control.mask.clone(),
    };
    let aim = Aim {
        operation: p.surface.endpoint(control.endpoint).name(),
        slot: slot.clone(),
        takes: Takes::Text,
        baseline: Arc::new(baseline),
        control: Arc::new(control),
    };
    for (holds, fails) in expressions(&aim.baseline.reply) {
        for before in befores(&aim.baseline.text) {
            let with = |left: &str, right: &str| {
                aim.with(format!("{before}(CASE WHEN {left}<{right} THEN {holds} ELSE {fails} END)"))
            };
            let pair = |words: Words| (with(words.small, words.large), with(words.large, words.small));
            match pairs::ask(p, &aim, &aim.baseline.mask, &pair).await? {
                Outcome::Follows(yes, no) => {
                    let message = "the list follows an expression that it was sorted by";
                    let mut hole = Hole::shown(&aim.operation, slot, message, &aim.baseline.reply, &yes);
                    hole.evidence.push(no.seen.clone());
                    tried.open(hole);
                    return Ok(());
                }
                Outcome::Alike(reply) => tried.shut(&reply.seen),
                Outcome::Restless => {
                    tried.unknown(format!("{}, {slot}: the order differs by itself", aim.operation));
                }
            }
        }
    }
    Ok(())
}

/// What stands before the expression: nothing, or a direction that is asked for, with the next column.
fn befores(text: &str) -> Vec<String> {
    let is_direction = ["asc", "desc"].contains(&text.to_ascii_lowercase().as_str());
    if is_direction { vec![format!("{text},")] } else { vec![String::new()] }
}

/// What to sort by if the condition holds, and if not.
fn expressions(ordinary: &Reply) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for column in ordinary.value.as_ref().map(numeric_columns).unwrap_or_default() {
        pairs.push((column.clone(), format!("-{column}")));
    }
    pairs.extend(FAILING.map(|failing| ("1".to_owned(), failing.to_owned())));
    pairs
}

/// Names of numbers that differ between the objects of a list.
fn numeric_columns(value: &Value) -> Vec<String> {
    let found = objects(value);
    let listed: Vec<_> = found.iter().filter(|found| found.is_listed).collect();
    let Some(depth) = listed.iter().map(|found| found.depth).min() else { return Vec::new() };
    let rows: Vec<_> = listed.iter().filter(|found| found.depth == depth).collect();
    let Some(first) = rows.first() else { return Vec::new() };
    let differs = |name: &&String| {
        let values: Vec<_> = rows.iter().filter_map(|row| row.members.get(*name)?.as_f64()).collect();
        values.first().is_some_and(|first| values.iter().any(|value| value != first))
    };
    let is_word = |name: &&String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    first.members.keys().filter(is_word).filter(differs).take(MAX_COLUMNS).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_the_numbers_that_differ_in_a_list() {
        for (value, expected) in [
            (json!([{ "id": 1, "name": "a", "on": 1 }, { "id": 2, "name": "b", "on": 1 }]), &["id"][..]),
            (json!({ "items": [{ "price": 1.5 }, { "price": 2 }], "total": 2 }), &["price"]),
            (json!([{ "a b": 1 }, { "a b": 2 }]), &[]),
            (json!([{ "id": 1 }]), &[]),
            (json!(["a", "b"]), &[]),
        ] {
            assert_eq!(numeric_columns(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_direction_stays_and_another_column_follows() {
        assert_eq!(befores("DESC"), ["DESC,"]);
        assert_eq!(befores("name"), [""]);
        assert_eq!(befores(""), [""]);
    }
}
