//! An object as somebody sees it, and what became of it.

use serde_json::{Map, Value};

use crate::answer::Reply;
use crate::answer::values::objects;
use crate::request::{Draft, scalar_text};
use crate::surface::shape::fold;
use crate::who::Who;

/// An object as somebody sees it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The request that shows it.
    pub(crate) draft: Draft,
    /// Who asked.
    pub(crate) who: Who,
    /// Its id.
    pub(crate) id: Value,
    /// The answer.
    pub(crate) reply: Reply,
    /// The object in it.
    pub(crate) object: Map<String, Value>,
}

/// What became of an object.
#[derive(Debug, Clone)]
pub(crate) enum Now {
    /// It is there.
    There(Box<View>),
    /// The API serves as before, and says that it is not there.
    Gone,
    /// The answer says neither.
    Unclear,
}

/// The object with this id, anywhere in an answer.
pub(crate) fn object_with<'v>(value: &'v Value, id: &Value) -> Option<&'v Map<String, Value>> {
    let id = scalar_text(id)?;
    let ranked = |name: &str| match fold(name).as_str() {
        "id" | "uuid" | "guid" => Some(0),
        "number" | "slug" | "username" | "code" | "key" | "reference" => Some(1),
        folded if folded.ends_with("id") => Some(2),
        // What is asked for by its title.
        folded if folded.ends_with("title") || ["name", "filename"].contains(&folded) => Some(3),
        _ => None,
    };
    let mut found: Vec<(usize, &Map<String, Value>)> = Vec::new();
    for object in objects(value) {
        let member = |(name, member): (&String, &Value)| {
            (scalar_text(member).as_ref() == Some(&id)).then(|| ranked(name)).flatten()
        };
        if let Some(rank) = object.members.iter().filter_map(member).min() {
            found.push((rank, object.members));
        }
    }
    // `order_id` of something else is not the object, unless nothing else has it.
    found
        .into_iter()
        .filter(|(rank, object)| *rank < 2 || !object.contains_key("id"))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, object)| object)
}
