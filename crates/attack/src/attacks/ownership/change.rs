//! Changes: a request that sets one member of an object to a value that it does not have.

use serde_json::{Map, Value};

use crate::answer::values::is_id_name;
use crate::request::{Draft, Slot};
use crate::surface::sensitive::{is_owner, is_password, is_rank};
use crate::surface::shape::{FRESH, fold};
use crate::surface::{Endpoint, Extent, Kind, Shape};

/// A request that changes one member.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// The request.
    pub(super) draft: Draft,
    /// Where the new value stands.
    pub(super) slot: Slot,
}

/// A change of an object as it is now, by an operation that takes one of its members.
pub(super) fn change(endpoint: &Endpoint, draft: &Draft, object: &Map<String, Value>) -> Option<Change> {
    let mut leaves: Vec<(usize, Slot, Value)> = Vec::new();
    for (at, shape) in endpoint.body.as_ref()?.shape.leaves() {
        let slot = Slot::Body(at);
        let folded = fold(slot.name());
        let is_protected = is_id_name(slot.name())
            || is_password(slot.name())
            || is_owner(slot.name())
            || is_rank(slot.name());
        if is_protected || ["username", "login", "email", "mail"].contains(&folded.as_str()) {
            continue;
        }
        let Some((_, now)) = object.iter().find(|(name, _)| fold(name) == folded) else { continue };
        if let Some((rank, value)) = other_value(slot.name(), shape, now) {
            leaves.push((rank, slot, value));
        }
    }
    leaves.sort_by_key(|(rank, ..)| *rank);
    let (_, slot, value) = leaves.into_iter().next()?;
    Some(Change { draft: draft.with(&slot, value), slot })
}

/// A value that is not the one that stands there, and how well it tells the change.
fn other_value(name: &str, shape: &Shape, now: &Value) -> Option<(usize, Value)> {
    if !shape.values.is_empty() {
        let other = shape.values.iter().find(|value| *value != now)?;
        return Some((3, other.clone()));
    }
    match shape.kind {
        Kind::Text if !shape.is_closed => {
            let free = Shape { given: None, ..shape.clone() };
            let value = free.example(name, Extent::Required);
            let is_new = value.as_str().is_some_and(|text| text.contains(FRESH));
            is_new.then_some((0, value))
        }
        Kind::Integer | Kind::Number => {
            let (least, most) = shape.bounds;
            let fits = |value: f64| {
                least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
            };
            let steps = |step: i64| match now.as_i64() {
                Some(now) => Value::from(now.saturating_add(step)),
                None => Value::from(now.as_f64().unwrap_or(1.0) + if step > 0 { 1.0 } else { -1.0 }),
            };
            let value = [steps(1), steps(-1)].into_iter().find(|value| value.as_f64().is_some_and(fits))?;
            Some((1, value))
        }
        Kind::Boolean => Some((2, Value::Bool(now != &Value::Bool(true)))),
        _ => None,
    }
}

/// Whether an object has what a request has set: `sent` is the request as it went out.
pub(super) fn has_taken(object: &Map<String, Value>, slot: &Slot, sent: &Draft) -> bool {
    let Some(value) = sent.value(slot) else { return false };
    let folded = fold(slot.name());
    object.iter().any(|(name, now)| fold(name) == folded && is_equal(now, &value))
}

/// Whether two scalars are the same, be one a number of another kind.
pub(super) fn is_equal(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some_and(|number| other.as_f64() == Some(number))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_value_is_of_the_kind_and_within_the_bounds() {
        let of = |kind, bounds| Shape { kind, bounds, ..Shape::default() };
        for (shape, now, expected) in [
            (of(Kind::Integer, (None, None)), json!(4), Some(json!(5))),
            (of(Kind::Integer, (Some(1.0), Some(4.0))), json!(4), Some(json!(3))),
            (of(Kind::Integer, (Some(4.0), Some(4.0))), json!(4), None),
            (of(Kind::Boolean, (None, None)), json!(true), Some(json!(false))),
            (Shape { values: vec![json!("a"), json!("b")], ..Shape::text() }, json!("a"), Some(json!("b"))),
            (Shape { is_closed: true, ..Shape::text() }, json!("a"), None),
        ] {
            assert_eq!(other_value("n", &shape, &now).map(|(_, value)| value), expected, "{now}");
        }
    }
}
