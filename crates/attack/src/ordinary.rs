//! Ordinary texts: what people send every day, and no gate may refuse.
//!
//! Each is put where an ordinary request was served before, in a field or a search that takes any text. What is refused
//! then is refused for the text.

mod texts;

use report::Transcript;
use serde_json::Value;

use crate::answer::Reply;
use crate::answer::values::is_id_name;
use crate::census::Control;
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot};
use crate::surface::shape::fold;
use crate::surface::{BodyFormat, Endpoint, Kind, Place, Role, Shape};
use texts::{CAPTION, FILES, QUERIES, TEXTS};

/// The most searches that are asked.
const MAX_SEARCHES: usize = 5;

/// What became of the ordinary texts.
#[derive(Debug, Default)]
pub(crate) struct Ordinary {
    /// How many were sent.
    pub(crate) sent: usize,
    /// Those that were refused, or had no answer.
    pub(crate) refused: Vec<Transcript>,
}

/// Sends each text once, in the fields in turn, and each search in every place for one.
pub(crate) async fn send(p: &Prober<'_>) -> Result<Ordinary, Stop> {
    let mut ordinary = Ordinary::default();
    let controls = p.controls();
    let written = controls.iter().filter(|control| is_written(p, control));
    let mut fields: Vec<(&Control, Slot)> = written.flat_map(|control| text_slots(p, control)).collect();
    // What can be removed again is better than what stays, or changes.
    let is_removable = |(control, _): &(&Control, Slot)| p.is_removable(control.endpoint);
    if fields.iter().any(is_removable) {
        fields.retain(is_removable);
    }
    let count = if fields.is_empty() { 0 } else { TEXTS.len() };
    for ((control, slot), text) in fields.into_iter().cycle().zip(TEXTS).take(count) {
        let draft = control.with_slot(p.surface.endpoint(control.endpoint), &slot).with(&slot, text);
        try_one(p, control, draft, &mut ordinary).await?;
    }
    let searches = controls.iter().filter(|control| p.surface.endpoint(control.endpoint).is_read());
    for (control, slot) in searches.flat_map(|control| search_slots(p, control)).take(MAX_SEARCHES) {
        for text in QUERIES {
            try_one(p, control, control.draft.with(&slot, text), &mut ordinary).await?;
        }
    }
    for control in controls.iter().filter(|control| is_written(p, control)) {
        for draft in uploads(p.surface.endpoint(control.endpoint), &control.draft) {
            try_one(p, control, draft, &mut ordinary).await?;
        }
    }
    Ok(ordinary)
}

async fn try_one(
    p: &Prober<'_>,
    control: &Control,
    draft: Draft,
    ordinary: &mut Ordinary,
) -> Result<(), Stop> {
    ordinary.sent += 1;
    match p.ask(&draft, control.who).await {
        Ok(reply) => {
            if is_refused(&reply) && p.renewed(control).await?.is_some() {
                ordinary.refused.push(reply.seen.clone());
            }
            Ok(())
        }
        Err(Stop::NoAnswer(reason) | Stop::NotAllowed(reason)) => {
            let request = draft.probe(p.surface.endpoint(draft.endpoint));
            ordinary.refused.push(crate::transcript::unanswered(&request, &reason));
            Ok(())
        }
        Err(ended) => Err(ended),
    }
}

/// An error of the API itself is no refusal; an error of a gate that cannot reach the API is.
fn is_refused(reply: &Reply) -> bool {
    reply.answer.status.is_client_error() || (502..=504).contains(&reply.status())
}

/// Whether a request makes or changes something that is no account.
fn is_written(p: &Prober<'_>, control: &Control) -> bool {
    let endpoint = p.surface.endpoint(control.endpoint);
    !endpoint.is_read() && !endpoint.is_removal() && endpoint.role == Role::Ordinary
}

/// The fields of a body that take any text.
fn text_slots<'c>(p: &Prober<'_>, control: &'c Control) -> Vec<(&'c Control, Slot)> {
    let Some(body) = &p.surface.endpoint(control.endpoint).body else { return Vec::new() };
    let fields = body.shape.leaves().into_iter().filter(|(_, shape)| takes_any_text(shape));
    let slots = fields.map(|(at, _)| Slot::Body(at)).filter(|slot| !has_meaning(slot.name()));
    slots.map(|slot| (control, slot)).collect()
}

/// The parameters of a query that take any text.
fn search_slots<'c>(p: &Prober<'_>, control: &'c Control) -> Vec<(&'c Control, Slot)> {
    let endpoint = p.surface.endpoint(control.endpoint);
    let is_it = |place: Place, shape: &Shape| place == Place::Query && takes_any_text(shape);
    let all = endpoint.parameters.iter().filter(|parameter| is_it(parameter.place, &parameter.shape));
    let all = all.filter(|parameter| !has_meaning(&parameter.name));
    all.map(|parameter| (control, Slot::Query(parameter.name.clone()))).collect()
}

/// Files of an upload, each with a caption where there is a field for one.
fn uploads(endpoint: &Endpoint, ordinary: &Draft) -> Vec<Draft> {
    let Some(body) = &endpoint.body else { return Vec::new() };
    let BodyFormat::Multipart(files) = &body.format else { return Vec::new() };
    let Some(file) = files.first() else { return Vec::new() };
    let captions = body.shape.leaves().into_iter().find(|(at, shape)| {
        takes_any_text(shape) && !files.iter().any(|file| at.ends_with(&format!("/{file}")))
    });
    let caption = captions.map(|(at, _)| Slot::Body(at));
    FILES
        .iter()
        .map(|content| {
            let draft =
                ordinary.with(&Slot::Body(format!("/{}", openapi::escape(file))), Value::from(*content));
            caption.as_ref().map_or(draft.clone(), |slot| draft.with(slot, CAPTION))
        })
        .collect()
}

/// Whether the document takes any text here that is not very long.
fn takes_any_text(shape: &Shape) -> bool {
    const LONG: f64 = 100.0;
    shape.kind == Kind::Text
        && shape.format.is_none()
        && !shape.is_closed
        && shape.bounds.1.is_none_or(|most| most >= LONG)
        && shape.bounds.0.is_none_or(|least| least <= 1.0)
}

/// Whether a name says that not any text is meant: somebody logs in with it, or it has a form of its own.
fn has_meaning(name: &str) -> bool {
    const WHOLE: [&str; 16] = [
        "name", "login", "email", "role", "status", "state", "type", "sort", "order", "lang", "language",
        "format", "filter", "fields", "category", "unit",
    ];
    const WITHIN: [&str; 18] = [
        "username", "mail", "pass", "pwd", "url", "uri", "link", "date", "time", "phone", "token", "code",
        "currency", "country", "cursor", "locale", "color", "path",
    ];
    let folded = fold(name);
    is_id_name(name) || WHOLE.contains(&folded.as_str()) || WITHIN.iter().any(|word| folded.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_where_any_text_may() {
        let text = Shape::text();
        for (shape, takes) in [
            (text.clone(), true),
            (Shape { bounds: (Some(1.0), Some(200.0)), ..text.clone() }, true),
            (Shape { bounds: (None, Some(20.0)), ..text.clone() }, false),
            (Shape { format: Some("uuid".into()), ..text.clone() }, false),
            (Shape { is_closed: true, ..text.clone() }, false),
            (Shape { kind: Kind::Integer, ..text }, false),
        ] {
            assert_eq!(takes_any_text(&shape), takes, "{shape:?}");
        }
        for (name, has) in [
            ("q", false),
            ("title", false),
            ("bio", false),
            ("displayName", false),
            ("order_id", true),
            ("userName", true),
            ("newPassword", true),
            ("sort", true),
            ("created_date", true),
        ] {
            assert_eq!(has_meaning(name), has, "{name}");
        }
    }
}
