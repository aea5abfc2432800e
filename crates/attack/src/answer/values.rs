//! Which values stand in an answer: every object of it, wherever it is.

use serde_json::{Map, Value};

use crate::surface::shape::fold;

/// The deepest nesting that is looked at.
const MAX_DEPTH: usize = 6;
/// The most objects of one answer.
const MAX_OBJECTS: usize = 200;

/// An object of an answer.
pub(crate) struct Found<'v> {
    /// The members of the object.
    pub(crate) members: &'v Map<String, Value>,
    /// The name of the member that holds it, or the list of it; empty at the root.
    pub(crate) name: &'v str,
    /// How deep it stands: 0 for the object, or the objects of the list, that the answer is.
    pub(crate) depth: usize,
    /// Whether it stands in a list.
    pub(crate) is_listed: bool,
}

/// The objects of a value, from the outside in.
pub(crate) fn objects(value: &Value) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    add(value, Place { name: "", depth: 0, is_listed: false }, &mut found);
    found.sort_by_key(|found| found.depth);
    found
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'v> {
    name: &'v str,
    depth: usize,
    is_listed: bool,
}

fn add<'v>(value: &'v Value, at: Place<'v>, found: &mut Vec<Found<'v>>) {
    if at.depth > MAX_DEPTH || found.len() >= MAX_OBJECTS {
        return;
    }
    match value {
        Value::Object(members) => {
            found.push(Found { members, name: at.name, depth: at.depth, is_listed: at.is_listed });
            for (name, member) in members {
                add(member, Place { name, depth: at.depth + 1, is_listed: false }, found);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| add(item, Place { is_listed: true, ..at }, found))
        }
        _ => {}
    }
}

/// Whether a name is that of an id.
pub(crate) fn is_id_name(name: &str) -> bool {
    let folded = fold(name);
    folded.ends_with("id")
        && !["paid", "valid", "void", "grid", "bid", "said", "hid", "avoid"].contains(&folded.as_str())
        || ["slug", "number", "code", "key", "uuid", "guid", "reference", "ref", "username", "handle"]
            .contains(&folded.as_str())
}

/// The id of an object: the member that is called so, for the collection that it is of.
pub(crate) fn id_of<'v>(members: &'v Map<String, Value>, stem: &str) -> Option<(&'v str, &'v Value)> {
    let stem = fold(stem);
    let rank = |name: &str| {
        let folded = fold(name);
        match folded.as_str() {
            "id" => Some(0),
            "uuid" | "guid" => Some(2),
            _ if !stem.is_empty() && folded == format!("{stem}id") => Some(1),
            "number" | "slug" => Some(3),
            "username" | "code" | "key" | "reference" => Some(4),
            _ => None,
        }
    };
    let scalar = |value: &&Value| value.is_string() || value.is_i64() || value.is_u64();
    let ranked = members.iter().filter(|(_, value)| scalar(value));
    let ranked = ranked.filter_map(|(name, value)| Some((rank(name)?, name.as_str(), value)));
    ranked.min_by_key(|(rank, ..)| *rank).map(|(_, name, value)| (name, value))
}

/// Every value of a member with this name, in one spelling, anywhere in an answer.
pub(crate) fn members<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    let folded = fold(name);
    let named = |found: &Found<'v>| {
        found
            .members
            .iter()
            .filter(|(known, _)| fold(known) == folded)
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
    };
    objects(value).iter().flat_map(named).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_found_in_envelopes_and_their_ids_by_name() {
        let answer =
            json!({ "data": { "items": [{ "id": 7, "user": { "id": 3 } }, { "id": 8 }] }, "total": 2 });
        let ids: Vec<(&str, String)> = objects(&answer)
            .iter()
            .filter_map(|found| Some((found.name, id_of(found.members, "")?.1.to_string())))
            .collect();
        assert_eq!(ids, [("items", "7".into()), ("items", "8".into()), ("user", "3".into())]);
        for (object, stem, expected) in [
            (json!({ "orderId": 1, "number": 2 }), "order", Some("orderId")),
            (json!({ "slug": "a", "name": "b" }), "book", Some("slug")),
            (json!({ "name": "b" }), "book", None),
            (json!({ "id": { "a": 1 } }), "book", None),
        ] {
            assert_eq!(id_of(object.as_object().unwrap(), stem).map(|(name, _)| name), expected, "{object}");
        }
    }
}
