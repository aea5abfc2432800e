//! Views: where an account sees an object, so that a change of it can be proved.

use serde_json::Value;

use super::sight::{Now, View, object_with};
use super::{Prober, Stop};
use crate::answer::values::is_id_name;
use crate::census::fill::path_parameters;
use crate::census::pool::is_about_oneself;
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::graphql::is_about;
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Place};
use crate::who::Who;

/// The most requests that look for one object.
const MAX_LOOKS: usize = 10;

impl Prober<'_> {
    /// Looks for an object: at the path of the operation, in its collection, and in what the account sees of its own.
    /// `draft` is a request about the object.
    pub(crate) async fn view(&self, draft: &Draft, id: &Value, who: Who) -> Result<Option<View>, Stop> {
        for draft in self.looks(draft, id, who).into_iter().take(MAX_LOOKS) {
            let reply = self.ask(&draft, who).await?;
            if let Some(object) =
                reply.value.as_ref().filter(|_| reply.is_served).and_then(|value| object_with(value, id))
            {
                return Ok(Some(View { draft, who, id: id.clone(), object: object.clone(), reply }));
            }
        }
        Ok(None)
    }

    /// Looks again.
    pub(crate) async fn look_again(&self, view: &View) -> Result<Now, Stop> {
        let reply = self.ask(&view.draft, view.who).await?;
        if !reply.is_served {
            let is_missing = matches!(reply.status(), 404 | 410)
                || (reply.status() == 200 && !reply.is_refusal_of_access());
            return Ok(if is_missing { Now::Gone } else { Now::Unclear });
        }
        let object = reply.value.as_ref().and_then(|value| object_with(value, &view.id)).cloned();
        Ok(match object {
            Some(object) => Now::There(Box::new(View { object, reply, ..view.clone() })),
            None => Now::Gone,
        })
    }

    /// Requests whose answers may have the object, the likeliest first.
    fn looks(&self, draft: &Draft, id: &Value, who: Who) -> Vec<Draft> {
        let endpoint = self.surface.endpoint(draft.endpoint);
        let mut looks: Vec<(usize, Draft)> = Vec::new();
        for (at, read) in
            self.surface.endpoints.iter().enumerate().filter(|(at, read)| read.is_read() && self.may_ask(*at))
        {
            let known = self.control(at, who).map(|control| control.draft.clone());
            let base = known.clone().unwrap_or_else(|| Draft::empty(at));
            match (&endpoint.graphql, &read.graphql) {
                (Some(_), Some(_)) => looks.extend(by_field(endpoint, read, base, id, known.is_some())),
                (None, None) => looks.extend(by_path(endpoint, read, draft, base, id, known.is_some())),
                _ => {}
            }
        }
        looks.sort_by_key(|(rank, _)| *rank);
        looks.into_iter().map(|(_, draft)| draft).collect()
    }
}

/// A query with an id, or a list that was served.
fn by_field(
    endpoint: &Endpoint,
    read: &Endpoint,
    base: Draft,
    id: &Value,
    is_known: bool,
) -> Option<(usize, Draft)> {
    let shape = &read.body.as_ref()?.shape;
    let required: Vec<&str> = shape
        .properties()
        .iter()
        .filter(|field| field.is_required)
        .map(|field| field.name.as_str())
        .collect();
    let noun = read.collection();
    match required[..] {
        [only] if is_id_name(only) && (is_about(&noun, &endpoint.collection()) || fold(&noun) == "node") => {
            Some((
                if fold(&noun) == "node" { 1 } else { 0 },
                base.with(&Slot::Body(format!("/{only}")), id.clone()),
            ))
        }
        [] if is_known && is_about(&noun, &endpoint.collection()) => Some((2, base)),
        [] if is_known && is_about_oneself(read) => Some((3, base)),
        [] if is_known => Some((4, base)),
        _ => None,
    }
}

/// The same path, its collection, or another path to the same object.
fn by_path(
    endpoint: &Endpoint,
    read: &Endpoint,
    draft: &Draft,
    base: Draft,
    id: &Value,
    is_known: bool,
) -> Option<(usize, Draft)> {
    let trimmed = |path: &str| path.trim_end_matches('/').to_owned();
    let names = path_parameters(&read.path);
    let needs_query = read.parameters.iter().any(|p| p.place == Place::Query && p.is_required);
    if needs_query && !is_known {
        return None;
    }
    let filled = |own: Option<&str>| -> Option<Draft> {
        let mut filled = Draft { path: Vec::new(), ..base.clone() };
        for (name, _) in &names {
            let given = draft
                .path
                .iter()
                .find(|(known, _)| fold(known) == fold(name))
                .map(|(_, value)| value.clone());
            let value = if own == Some(name) { scalar_text(id) } else { given };
            filled.path.push(((*name).to_owned(), value?));
        }
        Some(filled)
    };
    let last = names.last().map(|(name, _)| *name);
    let ends_in_last =
        last.is_some_and(|name| read.path.trim_end_matches('/').ends_with(&format!("{{{name}}}")));
    let collection = match path_parameters(&endpoint.path).last() {
        Some((_, before))
            if !endpoint.is_creation() || endpoint.path.trim_end_matches('/').ends_with('}') =>
        {
            (*before).to_owned()
        }
        _ => endpoint.collection(),
    };
    if trimmed(&read.path) == trimmed(&endpoint.path) && ends_in_last {
        return Some((0, filled(last)?));
    }
    if ends_in_last && is_about(&read.collection(), &collection) {
        return Some((1, filled(last)?));
    }
    // An action on the object: `/orders/{id}/cancel`, `/admin/products/{product_id}/price`.
    let is_same_object = path_parameters(&endpoint.path)
        .last()
        .is_some_and(|(_, before)| is_about(before, &read.collection()));
    if ends_in_last && is_same_object {
        return Some((2, filled(last)?));
    }
    let is_collection = is_about(&read.collection(), &collection) && !ends_in_last;
    if is_collection && let Some(draft) = filled(None) {
        return Some((3, draft));
    }
    (is_known && names.is_empty() && is_about_oneself(read)).then_some((5, base))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_by_its_own_id_and_not_by_that_of_another() {
        for (answer, id, expected) in [
            (json!({ "data": [{ "id": 1, "user_id": 7 }, { "id": 7, "name": "x" }] }), json!(7), Some("x")),
            (json!({ "data": [{ "id": 1, "user_id": 7, "name": "y" }] }), json!(7), None),
            (json!({ "orderId": "a", "name": "z" }), json!("a"), Some("z")),
            (json!({ "me": { "notes": [{ "id": "Tm90", "name": "n" }] } }), json!("Tm90"), Some("n")),
            (json!({ "book": { "book_title": "The Road", "name": "w" } }), json!("The Road"), Some("w")),
            (json!([]), json!(1), None),
        ] {
            let found =
                object_with(&answer, &id).and_then(|object| object.get("name")).and_then(Value::as_str);
            assert_eq!(found, expected, "{answer}");
        }
    }
}
