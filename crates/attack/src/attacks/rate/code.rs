//! Codes of a forgotten password that can be tried without end.

use report::Level;

use super::guess::{Guesses, Limit, name_of_nobody};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot, scalar_text};
use crate::surface::shape::{FRESH, fold};
use crate::surface::{Endpoint, Extent, Kind, Role, Shape};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "code-limit",
    door: GuideDoor::RateLimiting,
    shut_by: ShutBy::Code,
    thought: "How many codes of a forgotten password may I try, until one is right?",
    level: Level::High,
    references: &["CWE-307", "CWE-640", "API2:2023"],
    mend_in_code: "Let a code end after a few wrong ones, and make codes too long to be guessed.",
    mend_at_gate: "Set a limit for the route, as `limits = [\"5 per 15m by ip counting failures\"]`.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How many codes are tried.
const MOST: usize = 30;
/// The most characters of a code that can be guessed.
const SHORT: usize = 6;

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut is_any = false;
    for (at, endpoint) in p.surface.with_role(Role::Recover) {
        if p.options.is_safe || !p.options.wants(&endpoint.name()) {
            continue;
        }
        let Some((code, is_short)) = code_of(endpoint) else { continue };
        is_any = true;
        let name = match p.newcomer().await? {
            Some(new) => new.name,
            None => name_of_nobody(p),
        };
        begin(p, &name).await?;
        let mut guesses = Guesses::of(draft(at, endpoint, &code, &name));
        match guesses.go_on(p, MOST).await? {
            Limit::At(nth, reply) => {
                tried.shut_by(&reply.seen, format!("{}: code {nth} is refused", endpoint.name()))
            }
            Limit::Unclear(reason) => tried.unknown(format!("{}: {reason}", endpoint.name())),
            Limit::None => {
                let Some((first, last)) = guesses.ends().filter(|(first, _)| !first.is_served) else {
                    continue;
                };
                let message = format!("{MOST} wrong codes for one account are all judged");
                // Nobody guesses a long one, and then it is worth a word only.
                let level = if is_short { ATTACK.level } else { Level::Info };
                tried.open(Hole {
                    level: Some(level),
                    ..Hole::shown(endpoint.name(), code, message, &first, &last)
                });
            }
        }
    }
    if !is_any {
        tried.not_tried("no operation takes a code and a new password");
    }
    Ok(())
}

/// Forgets the password of an account, so that there is a code.
async fn begin(p: &Prober<'_>, name: &str) -> Result<(), Stop> {
    for (at, endpoint) in p.surface.with_role(Role::Forgot) {
        let body = endpoint.body.as_ref().map(|body| body.shape.example("", Extent::Required));
        let draft = named(Draft { body, ..Draft::empty(at) }, name);
        p.ask(&draft, Who::Nobody).await?;
    }
    Ok(())
}

/// The request with a new code in each try.
fn draft(at: usize, endpoint: &Endpoint, code: &Slot, name: &str) -> Draft {
    let body = endpoint.body.as_ref().map(|body| body.shape.example("", Extent::Required));
    let draft = named(Draft { body, ..Draft::empty(at) }, name);
    match draft.value(code) {
        Some(value) if value.is_number() => draft.with(code, 417),
        _ => draft.with(code, FRESH.to_string()),
    }
}

fn named(draft: Draft, name: &str) -> Draft {
    let is_name = |slot: &Slot| {
        let folded = fold(slot.name());
        ["mail", "username", "login"].iter().any(|word| folded.contains(word))
    };
    let slots = draft.slots().into_iter().filter(is_name);
    slots.fold(draft.clone(), |draft, slot| draft.with(&slot, name))
}

/// Where the code stands, and whether the document shows that it is short.
fn code_of(endpoint: &Endpoint) -> Option<(Slot, bool)> {
    let body = endpoint.body.as_ref()?;
    let leaves = body.shape.leaves();
    let is_code = |at: &str| {
        ["code", "otp", "pin", "token"]
            .iter()
            .find(|word| fold(at.rsplit('/').next().unwrap_or("")).contains(**word))
    };
    let (at, shape, word) =
        leaves.into_iter().find_map(|(at, shape)| Some((at.clone(), shape, *is_code(&at)?)))?;
    Some((Slot::Body(at), is_short(shape) || word == "otp" || word == "pin"))
}

fn is_short(shape: &Shape) -> bool {
    let example = shape.given.as_ref().and_then(scalar_text);
    shape.bounds.1.is_some_and(|most| shape.kind == Kind::Text && most <= SHORT as f64)
        || shape.kind == Kind::Integer
        || example.is_some_and(|text| text.len() <= SHORT && text.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_short_where_the_document_shows_it() {
        let text = |given: Option<serde_json::Value>, most: Option<f64>| Shape {
            given,
            bounds: (None, most),
            ..Shape::text()
        };
        for (shape, is_it) in [
            (text(Some(json!("123456")), None), true),
            (text(None, Some(6.0)), true),
            (text(Some(json!("9f6c2a41d07b4be3")), None), false),
            (text(None, Some(64.0)), false),
            (text(None, None), false),
            (Shape { kind: Kind::Integer, ..Shape::default() }, true),
        ] {
            assert_eq!(is_short(&shape), is_it, "{shape:?}");
        }
    }
}
