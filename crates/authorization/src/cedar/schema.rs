//! The Cedar schema of an OpenAPI document: an action for each operation, and the type of its requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use http::Method;
use openapi::{Direction, Document, Location, MediaType, Operation};
use serde_json::Value;

use super::cedar_type::{CedarType, Member};
use crate::claim_type::ClaimType;
use crate::visibility::{ObjectFrom, Visibility};

/// Whether a method may change its target.
fn writes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// An operation as Cedar sees it.
#[derive(Debug)]
pub(crate) struct OperationSchema {
    /// The operation's id, which is the action's.
    pub(crate) id: String,
    /// The groups that the action is in.
    pub(crate) groups: Vec<String>,
    /// The entity type of its requests.
    pub(crate) resource: String,
    pub(crate) path: CedarType,
    pub(crate) query: CedarType,
    pub(crate) body: Option<CedarType>,
    pub(crate) object: Option<CedarType>,
}

impl OperationSchema {
    pub(crate) fn of(
        document: &Document,
        method: &Method,
        operation: &Operation,
        seen: &Visibility<'_>,
    ) -> OperationSchema {
        let root = document.root();
        let parameters = |location| {
            let members = operation.parameters.iter().filter(|p| p.location == location).filter_map(|p| {
                let schema = root.pointer(p.schema.as_deref()?)?;
                let kind = CedarType::of(root, schema, Direction::Request)?;
                Some(Member { name: p.name.to_string(), kind, required: p.required })
            });
            CedarType::Record(members.collect(), Vec::new())
        };
        let read = !writes(method);
        let group = if read { "method:read" } else { "method:write" };
        let groups = std::iter::once(group.to_owned())
            .chain(operation.tags.iter().map(|tag| format!("tag:{tag}")))
            .collect();
        OperationSchema {
            id: operation.id.to_string(),
            groups,
            resource: type_name(&operation.id),
            path: parameters(Location::Path),
            query: parameters(Location::Query),
            body: operation
                .body
                .as_ref()
                .filter(|_| seen.body)
                .and_then(|body| json(root, &body.content, Direction::Request)),
            object: match seen.object {
                ObjectFrom::Nowhere => None,
                ObjectFrom::Response(list) => answer(root, operation, list),
                ObjectFrom::Read(other) => answer(root, other, None),
            },
        }
    }

    fn attributes(&self) -> CedarType {
        let mut members = vec![
            Member::required("route", CedarType::Text),
            Member::required("path", self.path.clone()),
            Member::required("query", self.query.clone()),
        ];
        // A body may be left out, or be of another media type.
        members.extend(self.body.clone().map(|kind| Member::optional("body", kind)));
        members.extend(self.object.clone().map(|kind| Member::required("object", kind)));
        CedarType::Record(members, Vec::new())
    }
}

/// The attributes of a caller.
pub(crate) fn principal(claims: &BTreeMap<String, ClaimType>) -> Vec<Member> {
    let mut members = vec![
        Member::required("authenticated", CedarType::Bool),
        Member::required("sub", CedarType::Text),
        Member::optional("id", CedarType::Long),
        Member::required("scopes", CedarType::Set(Box::new(CedarType::Text))),
        Member::required("roles", CedarType::Set(Box::new(CedarType::Text))),
    ];
    for (name, claim) in claims {
        let kind = match claim {
            ClaimType::String => CedarType::Text,
            ClaimType::Integer => CedarType::Long,
            ClaimType::Boolean => CedarType::Bool,
            ClaimType::Strings => CedarType::Set(Box::new(CedarType::Text)),
            ClaimType::Integers => CedarType::Set(Box::new(CedarType::Long)),
        };
        members.push(Member::optional(name, kind));
    }
    members
}

/// The schema in Cedar's syntax.
pub(crate) fn text(operations: &[OperationSchema], principal: &[Member]) -> String {
    let mut out = String::from("entity Role;\n");
    let _ = writeln!(out, "entity User in [Role] = {};", CedarType::Record(principal.to_vec(), Vec::new()));
    let groups: BTreeSet<&str> = operations.iter().flat_map(|s| &s.groups).map(String::as_str).collect();
    for group in groups {
        let _ = writeln!(out, "action {group:?};");
    }
    for operation in operations {
        let _ = writeln!(out, "\nentity {} = {};", operation.resource, operation.attributes());
        let _ = write!(out, "action {:?} in {:?} appliesTo {{ ", operation.id, operation.groups);
        let _ = write!(out, "principal: [User], resource: [{}], ", operation.resource);
        let _ = writeln!(out, "context: {{ \"ip\": ipaddr, \"now\": datetime, \"method\": String }} }};");
    }
    out
}

/// The type of the object in a successful response.
fn answer(root: &Value, operation: &Operation, list: Option<&str>) -> Option<CedarType> {
    let response = ["200", "201", "2XX", "default"]
        .into_iter()
        .find_map(|status| operation.responses.iter().find(|r| r.status.eq_ignore_ascii_case(status)))?;
    let kind = json(root, &response.content, Direction::Response)?;
    let mut kind = &kind;
    for name in list.into_iter().flat_map(|list| list.split('/').skip(1)) {
        let CedarType::Record(members, _) = kind else { return None };
        kind = &members.iter().find(|member| member.name == name)?.kind;
    }
    // Each object of a list is decided about by itself.
    while let CedarType::Set(item) = kind {
        kind = item;
    }
    Some(kind.clone())
}

fn json(root: &Value, content: &[MediaType], direction: Direction) -> Option<CedarType> {
    let schema = content.iter().find(|media| media.is_json())?.schema.as_deref()?;
    CedarType::of(root, root.pointer(schema)?, direction)
}

/// An entity type named after an operation: `getOrder` is `GetOrder`, `GET /api/orders` is `GetApiOrders`.
fn type_name(id: &str) -> String {
    let mut name = String::new();
    for word in id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        name.push_str(&first.to_ascii_uppercase());
        // `GET` is a word, not an abbreviation.
        let all_capitals = word.chars().all(|c| c.is_ascii_uppercase());
        name.push_str(&if all_capitals { rest.to_ascii_lowercase() } else { rest.to_owned() });
    }
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || ["User", "Role"].contains(&&*name)
    {
        name.insert_str(0, "Operation");
    }
    name
}
