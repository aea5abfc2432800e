//! Ordinary requests: the values that the API itself has given, the document's examples, or what the names suggest.

use serde_json::{Map, Value};

use super::pool::{Known, Owned, Pool};
use crate::answer::values::is_id_name;
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::sensitive::is_rank;
use crate::surface::shape::fold;
use crate::surface::{Body, BodyFormat, Endpoint, Extent, Kind, Place, Role, Shape, says_what};
use crate::who::Who;

/// The most drafts of one operation.
const MAX_DRAFTS: usize = 6;

/// Requests that an operation might serve to an account, the likeliest first. `current` is the object as it is now, for
/// operations that change it.
pub(crate) fn drafts(
    pool: &Pool,
    at: usize,
    endpoint: &Endpoint,
    who: Who,
    current: Option<&Value>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for path in paths(pool, endpoint, who) {
        for extent in [Extent::All, Extent::Required] {
            for query in [Extent::Required, Extent::All] {
                let mut draft = Draft { path: path.clone(), ..Draft::empty(at) };
                parameters(pool, endpoint, who, query, &mut draft);
                if let Some(body) = &endpoint.body {
                    let extent = if body.format == BodyFormat::Graphql { reverse(extent) } else { extent };
                    draft.body = Some(filled(pool, endpoint, body, who, extent, current));
                }
                if !drafts.contains(&draft) {
                    drafts.push(draft);
                }
            }
        }
        if drafts.len() >= MAX_DRAFTS {
            break;
        }
    }
    drafts.truncate(MAX_DRAFTS);
    drafts
}

/// A field of GraphQL is first asked with what it needs.
fn reverse(extent: Extent) -> Extent {
    match extent {
        Extent::All => Extent::Required,
        Extent::Required => Extent::All,
    }
}

/// Values for the path: those of the last parameter, with the parameters under which they were seen.
fn paths(pool: &Pool, endpoint: &Endpoint, who: Who) -> Vec<Vec<(String, String)>> {
    let names: Vec<(&str, &str)> = path_parameters(&endpoint.path);
    let Some((last, hint)) = names.last().copied() else { return vec![Vec::new()] };
    let shape = |name: &str| endpoint.parameter(Place::Path, name).map(|parameter| &parameter.shape);
    let candidates = pool.candidates(last, hint, shape(last), Owned::Usable(who));
    let mut paths = Vec::new();
    for known in candidates.iter().take(3) {
        let Some(value) = scalar_text(&known.value) else { continue };
        let parents: Option<Vec<(String, String)>> = names
            .iter()
            .take(names.len() - 1)
            .map(|(name, hint)| {
                Some(((*name).to_owned(), parent(pool, known, name, hint, shape(name), who)?))
            })
            .collect();
        if let Some(mut path) = parents {
            path.push((last.to_owned(), value));
            paths.push(path);
        }
    }
    // What the document gives as an example, or the first of a row.
    if paths.is_empty() {
        let value = |(name, hint): &(&str, &str)| {
            let known = pool.candidates(name, hint, shape(name), Owned::Usable(who)).into_iter().next();
            let text = known.and_then(|known| scalar_text(&known.value));
            let example = || {
                let shape = shape(name).cloned().unwrap_or_else(Shape::text);
                match shape.given {
                    Some(given) => scalar_text(&given),
                    None if shape.kind == Kind::Text && shape.format.is_none() && !is_id_name(name) => {
                        scalar_text(&shape.example(name, Extent::Required))
                    }
                    None => Some("1".to_owned()),
                }
            };
            Some(((*name).to_owned(), text.or_else(example)?))
        };
        paths.extend(names.iter().map(value).collect::<Option<Vec<_>>>());
    }
    paths
}

fn parent(
    pool: &Pool,
    child: &Known,
    name: &str,
    hint: &str,
    shape: Option<&Shape>,
    who: Who,
) -> Option<String> {
    let folded = fold(name);
    let seen = child.path.iter().find(|(known, _)| fold(known) == folded).map(|(_, value)| value.clone());
    let other =
        || pool.candidates(name, hint, shape, Owned::Usable(who)).first().and_then(|k| scalar_text(&k.value));
    seen.or_else(other)
}

/// The parameters of a path template, each with the segment before it.
pub(crate) fn path_parameters(template: &str) -> Vec<(&str, &str)> {
    let segments: Vec<&str> = template.split('/').collect();
    let mut names = Vec::new();
    for (nth, segment) in segments.iter().enumerate() {
        let Some((name, _)) = segment.split_once('{').and_then(|(_, rest)| rest.split_once('}')) else {
            continue;
        };
        let before =
            segments.iter().take(nth).rev().find(|segment| !segment.is_empty() && says_what(segment));
        names.push((name, before.copied().unwrap_or("")));
    }
    names
}

fn parameters(pool: &Pool, endpoint: &Endpoint, who: Who, extent: Extent, draft: &mut Draft) {
    for parameter in endpoint.parameters.iter().filter(|parameter| parameter.place != Place::Path) {
        if !parameter.is_required && (extent == Extent::Required || !is_id_name(&parameter.name)) {
            continue;
        }
        let known = pool
            .candidates(&parameter.name, "", Some(&parameter.shape), Owned::Usable(who))
            .into_iter()
            .next();
        let known = known.filter(|_| is_id_name(&parameter.name)).map(|known| known.value);
        let value = known.unwrap_or_else(|| parameter.shape.example(&parameter.name, Extent::Required));
        *draft = draft.with(&Slot::of(parameter.place, &parameter.name), value);
    }
}

/// A body with values that the API knows for ids, and with the object's own where it is changed.
fn filled(
    pool: &Pool,
    endpoint: &Endpoint,
    body: &Body,
    who: Who,
    extent: Extent,
    current: Option<&Value>,
) -> Value {
    let mut value = body.shape.example("", extent);
    let hint = endpoint.collection();
    let is_change = !endpoint.is_creation() && !endpoint.is_read();
    if is_change && let Value::Object(members) = &mut value {
        keep_account(members, body);
    }
    // What must be new in an account, or in an object, is not one that is known.
    let fresh = if endpoint.is_creation() { fresh(endpoint, &value) } else { Default::default() };
    set_known(pool, &mut value, "", &body.shape, &hint, who, is_change);
    if let Value::Object(members) = &mut value {
        members.extend(fresh);
    }
    if let (true, Some(Value::Object(now)), Value::Object(members)) = (is_change, current, &mut value) {
        let is_closed = |name: &str| {
            let mut fields = body.shape.properties().iter();
            is_rank(name) || fields.any(|field| field.name == name && field.shape.is_closed)
        };
        for (name, member) in members.iter_mut() {
            // What is not text stays as it is: a state, an amount, a reference.
            if let Some(old) = now.get(name).filter(|old| !old.is_null())
                && (!old.is_string()
                    || is_closed(name)
                    || is_id_name(name)
                    || fold(name).contains("mail")
                    || fold(name).contains("name") && fold(name).contains("user"))
            {
                *member = old.clone();
            }
        }
    }
    value
}

/// The members of what is made that name it, and may not repeat.
fn fresh(endpoint: &Endpoint, value: &Value) -> Vec<(String, Value)> {
    let names: &[&str] = match endpoint.role {
        Role::Register => &["username", "login", "handle", "slug", "nick", "email"],
        _ => &["slug", "handle", "sku"],
    };
    let members = value.as_object().into_iter().flatten();
    let named = members.filter(|(name, _)| names.contains(&fold(name).as_str()));
    named.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Leaves out what an account logs in with, unless it must be there.
fn keep_account(members: &mut Map<String, Value>, body: &Body) {
    members.retain(|name, _| {
        let folded = fold(name);
        let is_credential =
            folded.contains("pass") || ["username", "login", "email", "mail"].contains(&folded.as_str());
        let is_required =
            body.shape.properties().iter().any(|field| field.name == *name && field.is_required);
        !is_credential || is_required
    });
}

/// Whether a field that is not called an id holds one: `patient`, a UUID or a number, where patients are known.
fn is_reference(pool: &Pool, name: &str, shape: &Shape) -> bool {
    let is_id = shape.kind == Kind::Integer || shape.format.as_deref() == Some("uuid");
    let is_about = |known: &Known| crate::surface::graphql::is_about(&known.collection, name);
    is_id && !name.is_empty() && pool.known().iter().any(|known| known.is_id && is_about(known))
}

fn set_known(
    pool: &Pool,
    value: &mut Value,
    name: &str,
    shape: &Shape,
    hint: &str,
    who: Who,
    is_change: bool,
) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let field = shape.properties().iter().find(|field| field.name == *name);
                let other = Shape::default();
                set_known(
                    pool,
                    member,
                    name,
                    field.map_or(&other, |field| &field.shape),
                    hint,
                    who,
                    is_change,
                );
            }
        }
        Value::Array(items) => {
            let inner = match &shape.kind {
                Kind::List(items) => items.as_ref().clone(),
                _ => Shape::default(),
            };
            let single = crate::surface::shape::singular(name);
            items.iter_mut().for_each(|item| set_known(pool, item, &single, &inner, hint, who, is_change));
        }
        scalar
            if !shape.is_closed && (is_id_name(name) || shape.is_id() || is_reference(pool, name, shape)) =>
        {
            let owned = if is_change { Owned::By(who) } else { Owned::Usable(who) };
            let own = pool.candidates(name, hint, Some(shape), owned).into_iter().next();
            let usable = || pool.candidates(name, hint, Some(shape), Owned::Usable(who)).into_iter().next();
            if let Some(known) = own.or_else(usable) {
                *scalar = known.value;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_a_path_have_what_stands_before_them() {
        for (template, expected) in [
            ("/orders/{order_id}/", &[("order_id", "orders")][..]),
            ("/projects/{p}/tasks/{t}", &[("p", "projects"), ("t", "tasks")]),
            ("/{a}/{b}", &[("a", ""), ("b", "")]),
            ("/api/books/v1/{title}", &[("title", "books")]),
            ("/orders", &[]),
        ] {
            assert_eq!(path_parameters(template), expected, "{template}");
        }
    }
}
