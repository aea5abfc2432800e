//! The Cedar schema of an OpenAPI document: an action for each operation, with what it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use http::Method;
use serde_json::Value;

use crate::claim_type::ClaimType;
use crate::kind::{Kind, Member};
use openapi::{Direction, Document, Location, MediaType, Operation};

/// What is seen of a request before it is decided about.
pub struct Seen<'d> {
    /// Whether its body is held back.
    pub body: bool,
    /// Where its object is.
    pub object: ObjectFrom<'d>,
}

/// Whether a method may change what it names.
fn writes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// An operation as Cedar sees it.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The operation's id, which is the action's.
    pub(crate) id: String,
    /// The groups that the action is in.
    pub(crate) groups: Vec<String>,
    /// The entity type of what the request is about.
    pub(crate) resource: String,
    pub(crate) path: Kind,
    pub(crate) query: Kind,
    pub(crate) body: Option<Kind>,
    pub(crate) object: Option<Kind>,
}

/// What the schema says of one operation's object.
pub enum ObjectFrom<'s> {
    /// Nothing tells of it before it is too late.
    Nowhere,
    /// The response is the object, or a list of them at a JSON Pointer.
    Response(Option<&'s str>),
    /// The response of another operation, which is read first.
    Read(&'s Operation),
}

impl Subject {
    pub(crate) fn of(
        document: &Document,
        method: &Method,
        operation: &Operation,
        seen: &Seen<'_>,
    ) -> Subject {
        let root = document.root();
        let parameters = |location| {
            let members = operation.parameters.iter().filter(|p| p.location == location).filter_map(|p| {
                let schema = root.pointer(p.schema.as_deref()?)?;
                let kind = Kind::of(root, schema, Direction::Request)?;
                Some(Member { name: p.name.to_string(), kind, required: p.required })
            });
            Kind::Record(members.collect())
        };
        let read = !writes(method);
        let group = if read { "method:read" } else { "method:write" };
        let groups = std::iter::once(group.to_owned())
            .chain(operation.tags.iter().map(|tag| format!("tag:{tag}")))
            .collect();
        Subject {
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

    fn attributes(&self) -> Kind {
        let mut members = vec![
            Member::required("route", Kind::Text),
            Member::required("path", self.path.clone()),
            Member::required("query", self.query.clone()),
        ];
        // A body may be left out, or be of another media type.
        members.extend(self.body.clone().map(|kind| Member::optional("body", kind)));
        members.extend(self.object.clone().map(|kind| Member::required("object", kind)));
        Kind::Record(members)
    }
}

/// The attributes of whoever asks.
pub(crate) fn principal(claims: &BTreeMap<String, ClaimType>) -> Vec<Member> {
    let mut members = vec![
        Member::required("authenticated", Kind::Bool),
        Member::required("sub", Kind::Text),
        Member::optional("id", Kind::Long),
        Member::required("scopes", Kind::Set(Box::new(Kind::Text))),
        Member::required("roles", Kind::Set(Box::new(Kind::Text))),
    ];
    for (name, claim) in claims {
        let kind = match claim {
            ClaimType::String => Kind::Text,
            ClaimType::Integer => Kind::Long,
            ClaimType::Boolean => Kind::Bool,
            ClaimType::Strings => Kind::Set(Box::new(Kind::Text)),
            ClaimType::Integers => Kind::Set(Box::new(Kind::Long)),
        };
        members.push(Member::optional(name, kind));
    }
    members
}

/// The schema in Cedar's own words.
pub(crate) fn text(subjects: &[Subject], principal: &[Member]) -> String {
    let mut out = String::from("entity Role;\n");
    let _ = writeln!(out, "entity User in [Role] = {};", Kind::Record(principal.to_vec()));
    let groups: BTreeSet<&str> = subjects.iter().flat_map(|s| &s.groups).map(String::as_str).collect();
    for group in groups {
        let _ = writeln!(out, "action {group:?};");
    }
    for subject in subjects {
        let _ = writeln!(out, "\nentity {} = {};", subject.resource, subject.attributes());
        let _ = write!(out, "action {:?} in {:?} appliesTo {{ ", subject.id, subject.groups);
        let _ = write!(out, "principal: [User], resource: [{}], ", subject.resource);
        let _ = writeln!(out, "context: {{ \"ip\": ipaddr, \"now\": datetime, \"method\": String }} }};");
    }
    out
}

/// What a successful response tells of an object.
fn answer(root: &Value, operation: &Operation, list: Option<&str>) -> Option<Kind> {
    let response = ["200", "201", "2XX", "default"]
        .into_iter()
        .find_map(|status| operation.responses.iter().find(|r| r.status.eq_ignore_ascii_case(status)))?;
    let kind = json(root, &response.content, Direction::Response)?;
    let mut kind = &kind;
    for name in list.into_iter().flat_map(|list| list.split('/').skip(1)) {
        let Kind::Record(members) = kind else { return None };
        kind = &members.iter().find(|member| member.name == name)?.kind;
    }
    // Each object of a list is asked about.
    while let Kind::Set(item) = kind {
        kind = item;
    }
    Some(kind.clone())
}

fn json(root: &Value, content: &[MediaType], direction: Direction) -> Option<Kind> {
    let is_json = |m: &&MediaType| &*m.range == "application/json" || m.range.ends_with("+json");
    let schema = content.iter().find(is_json)?.schema.as_deref()?;
    Kind::of(root, root.pointer(schema)?, direction)
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
