//! Objects of JSON, member by member.

use serde_json::Value;

/// Adds a member to an object.
pub(super) fn insert(object: &mut Value, name: &str, member: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), member);
    }
}
