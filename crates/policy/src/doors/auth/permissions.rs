//! Roles, groups and permissions: what callers may do by what they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::names::Names;

/// The claim in which groups stand.
const GROUPS: &str = "groups";
/// The claim in which permissions stand, those that follow from roles among them.
pub const PERMISSIONS_CLAIM: &str = "permissions";

/// What follows from groups and roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The claim in which roles stand.
    role_claim: String,
    /// From a role to what it may do.
    roles: BTreeMap<String, Vec<String>>,
    /// From a group to the roles of its members.
    groups: BTreeMap<String, Vec<String>>,
}

impl Permissions {
    /// Reads the tables.
    pub(crate) fn new(
        role_claim: &str,
        roles: &BTreeMap<String, Names>,
        groups: &BTreeMap<String, Names>,
    ) -> Self {
        let lists = |table: &BTreeMap<String, Names>| {
            table.iter().map(|(name, list)| (name.clone(), list.to_vec())).collect()
        };
        Permissions { role_claim: role_claim.to_owned(), roles: lists(roles), groups: lists(groups) }
    }

    /// The roles that have a table row.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// What a role may do.
    pub fn of_role(&self, role: &str) -> &[String] {
        self.roles.get(role).map_or(&[], Vec::as_slice)
    }

    /// Adds to verified claims the roles of the groups, and the permissions of the roles.
    pub fn expand(&self, claims: &mut Map<String, Value>) {
        if self.roles.is_empty() && self.groups.is_empty() {
            return;
        }
        let mut roles = texts(claims.get(&self.role_claim));
        for group in texts(claims.get(GROUPS)) {
            roles.extend(self.groups.get(&group).into_iter().flatten().cloned());
        }
        let mut permissions = texts(claims.get(PERMISSIONS_CLAIM));
        for role in &roles {
            permissions.extend(self.of_role(role).iter().cloned());
        }
        for (claim, texts) in [(self.role_claim.as_str(), roles), (PERMISSIONS_CLAIM, permissions)] {
            if !texts.is_empty() {
                claims.insert(claim.to_owned(), texts.into_iter().map(Value::String).collect());
            }
        }
    }
}

/// Whether a list of permissions contains one: by its name, by `orders:*`, or by `*`.
pub fn permits<'p>(mut held: impl Iterator<Item = &'p str>, wanted: &str) -> bool {
    held.any(|permission| match permission.strip_suffix('*') {
        Some(start) => (start.is_empty() || start.ends_with(':')) && wanted.starts_with(start),
        None => permission == wanted,
    })
}

fn texts(claim: Option<&Value>) -> BTreeSet<String> {
    match claim {
        Some(Value::String(text)) => BTreeSet::from([text.clone()]),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(rows: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        rows.iter().map(|(name, names)| ((*name).to_owned(), list(names))).collect()
    }

    #[test]
    fn groups_give_roles_and_roles_give_permissions() {
        let permissions = Permissions {
            role_claim: "roles".into(),
            roles: table(&[("reader", &["orders:read"]), ("clerk", &["orders:read", "orders:write"])]),
            groups: table(&[("staff", &["clerk"])]),
        };
        for (claims, expected) in [
            (json!({}), json!({})),
            (json!({"roles": "reader"}), json!({"roles": ["reader"], "permissions": ["orders:read"]})),
            (
                json!({"groups": ["staff", "other"], "roles": ["x"]}),
                json!({
                    "groups": ["staff", "other"],
                    "roles": ["clerk", "x"],
                    "permissions": ["orders:read", "orders:write"],
                }),
            ),
            // What an issuer says of permissions itself is believed as its roles are.
            (json!({"permissions": ["a"]}), json!({"permissions": ["a"]})),
            (json!({"roles": 7, "groups": {"staff": 1}}), json!({"roles": 7, "groups": {"staff": 1}})),
        ] {
            let mut map = claims.as_object().unwrap().clone();
            permissions.expand(&mut map);
            assert_eq!(Value::Object(map), expected, "{claims}");
        }
    }

    #[test]
    fn a_star_stands_for_what_follows_a_colon() {
        for (held, wanted, is_permitted) in [
            ("orders:read", "orders:read", true),
            ("orders:read", "orders:write", false),
            ("orders:*", "orders:write", true),
            ("orders:*", "orders", false),
            ("orders:*", "ordersx:write", false),
            ("*", "anything", true),
            ("ord*", "orders:read", false),
            ("", "orders:read", false),
        ] {
            assert_eq!(permits([held].into_iter(), wanted), is_permitted, "{held} {wanted}");
        }
    }
}
