//! Answers that tell which accounts exist.

use std::time::Duration;

use report::Level;

use crate::answer::{Likeness, Mask, Reply};
use crate::attack::{Attack, Hole, Tried};
use crate::door::{GuideDoor, ShutBy};
use crate::prober::{Prober, Stop};
use crate::request::{Draft, Slot};
use crate::session::{LogInForm, session_of};
use crate::surface::shape::{FRESH, fold};
use crate::surface::{Extent, Role};
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "user-enumeration",
    door: GuideDoor::Authentication,
    shut_by: ShutBy::Code,
    thought: "Do the answers to a log in, or to a forgotten password, tell me who has an account?",
    level: Level::Medium,
    references: &["CWE-204", "CWE-208", "API2:2023"],
    mend_in_code: "Answer alike whether the account exists or not, and do the same work: hash a password for unknown names too.",
    mend_at_gate: "[rate.failed_logins] gives failed log ins one answer, after the same time.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// How much longer one answer takes where the time alone tells.
const CLEARLY: Duration = Duration::from_millis(25);

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut is_any = false;
    for form in LogInForm::all(p.surface) {
        let endpoint = p.surface.endpoint(form.endpoint);
        let mut names: Vec<String> = match accounts(p) {
            known if known.iter().any(|(_, used)| *used == Some(form.endpoint)) => {
                known.into_iter().map(|(name, _)| name).collect()
            }
            known if known.is_empty() => names_for(p, form.name.name()),
            _ => Vec::new(),
        };
        names.dedup();
        if p.options.wants(&endpoint.name()) && !names.is_empty() {
            is_any = true;
            let draft = form.draft(endpoint, "", &format!("Wrong-{FRESH}-Lantern-0"));
            let result = compare(p, &draft, &form.name, names, tried).await;
            tried.take(result)?;
        }
    }
    for (at, endpoint) in p.surface.with_role(Role::Forgot) {
        let body = endpoint.body.as_ref().map(|body| body.shape.example("", Extent::Required));
        let draft = Draft { body, ..Draft::empty(at) };
        let words = ["mail", "username", "login", "user", "account", "name"];
        let slot = words
            .iter()
            .find_map(|word| draft.slots().into_iter().find(|slot| fold(slot.name()).contains(word)));
        let Some(slot) = slot.filter(|_| p.options.wants(&endpoint.name()) && !p.options.is_safe) else {
            continue;
        };
        let wants_mail = fold(slot.name()).contains("mail");
        let name_of = |who: Who| {
            let credentials =
                p.person(who).and_then(|person| person.account.credentials).map(|(name, _)| name);
            let all = credentials.into_iter().chain(p.selves(who));
            all.into_iter().find(|name| name.contains('@') == wants_mail)
        };
        let names: Vec<String> = [Who::Attacker, Who::Victim].into_iter().filter_map(name_of).collect();
        is_any = true;
        let result = compare(p, &draft, &slot, names, tried).await;
        tried.take(result)?;
    }
    if !is_any {
        tried.not_tried("no operation takes a password or a forgotten one");
    }
    Ok(())
}

/// The names of accounts, with the operation by which they log in.
fn accounts(p: &Prober<'_>) -> Vec<(String, Option<usize>)> {
    let people = [Who::Attacker, Who::Victim].into_iter().filter_map(|who| p.person(who));
    people
        .filter_map(|person| Some((person.account.credentials?.0, person.form.map(|form| form.endpoint))))
        .collect()
}

/// What the accounts are called where only their tokens are known: what the form asks for, as they see it of themselves.
fn names_for(p: &Prober<'_>, asked: &str) -> Vec<String> {
    let folded = fold(asked);
    let wants_mail = folded.contains("mail");
    if !wants_mail && !["username", "login", "user", "nick", "name"].contains(&folded.as_str()) {
        return Vec::new();
    }
    let is_id = |text: &str| text.parse::<u64>().is_ok() || text.len() >= 32;
    let name_of =
        |who: Who| p.selves(who).into_iter().find(|text| text.contains('@') == wants_mail && !is_id(text));
    [Who::Attacker, Who::Victim].into_iter().filter_map(name_of).collect()
}

/// Asks with known names and with unknown ones, by turns.
async fn compare(
    p: &Prober<'_>,
    draft: &Draft,
    slot: &Slot,
    names: Vec<String>,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let operation = p.surface.endpoint(draft.endpoint).name();
    let (Some(one), Some(other)) = (names.first(), names.last()) else {
        tried.not_tried(format!("{operation}: no name of an account is known"));
        return Ok(());
    };
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for name in [one, other] {
        known.push(p.ask(&draft.with(slot, name.clone()), Who::Nobody).await?);
        unknown.push(p.ask(&draft.with(slot, nobody_like(name)), Who::Nobody).await?);
    }
    if known
        .iter()
        .chain(&unknown)
        .any(|reply| reply.status() == 429 || reply.is_served && session_of(&reply.answer).is_some())
    {
        tried.unknown(format!("{operation}: a limit was reached"));
        return Ok(());
    }
    let [known_like, unknown_like] = [&known, &unknown].map(|replies| same(replies, slot));
    let (Some(known_like), Some(unknown_like)) = (known_like, unknown_like) else {
        tried.unknown(format!("{operation}: answers differ by themselves"));
        return Ok(());
    };
    let (Some(first_known), Some(first_unknown)) = (known.first(), unknown.first()) else { return Ok(()) };
    if known_like != unknown_like {
        let message = format!(
            "an account that exists is answered {}, and another {}",
            brief(first_known),
            brief(first_unknown)
        );
        tried.open(Hole::shown(operation, slot, message, first_known, first_unknown));
        return Ok(());
    }
    // The time is judged where the first answers hint at it, with a second row.
    if is_apart(&known, &unknown) {
        for name in [one, other] {
            unknown.push(p.ask(&draft.with(slot, nobody_like(name)), Who::Nobody).await?);
            known.push(p.ask(&draft.with(slot, name.clone()), Who::Nobody).await?);
        }
        if is_apart(&known, &unknown) && known.iter().chain(&unknown).all(|reply| reply.status() != 429) {
            let time = |replies: &[Reply]| {
                replies.iter().map(|reply| reply.took).min().unwrap_or_default().as_millis()
            };
            let message = format!(
                "an account that exists is answered after {} ms, and another after {} ms",
                time(&known),
                time(&unknown)
            );
            let (Some(known), Some(unknown)) = (known.first(), unknown.first()) else { return Ok(()) };
            tried.open(Hole {
                level: Some(Level::Low),
                ..Hole::shown(operation, slot, message, known, unknown)
            });
            return Ok(());
        }
    }
    tried.shut(&first_unknown_seen(&unknown));
    Ok(())
}

fn first_unknown_seen(replies: &[Reply]) -> report::Transcript {
    replies
        .first()
        .map(|reply| reply.seen.clone())
        .unwrap_or_else(|| report::Transcript { request: String::new(), answer: String::new() })
}

/// A name that nobody has, in the form of one that somebody has.
fn nobody_like(name: &str) -> String {
    match name.split_once('@') {
        Some((_, domain)) => format!("dw{FRESH}@{domain}"),
        None => format!("dw{FRESH}"),
    }
}

/// What the replies are like, if they are alike.
fn same(replies: &[Reply], slot: &Slot) -> Option<Likeness> {
    let like = |reply: &Reply| {
        let name = reply.draft.text(slot).unwrap_or_default();
        let front = name.split('@').next().unwrap_or("").to_owned();
        Likeness::of(reply, &Mask::default(), &[&name, &front])
    };
    let first = like(replies.first()?);
    replies.iter().all(|reply| like(reply) == first).then_some(first)
}

/// Whether every answer of one row takes clearly longer than every answer of the other.
fn is_apart(one: &[Reply], other: &[Reply]) -> bool {
    let times = |replies: &[Reply]| replies.iter().map(|reply| reply.took).collect::<Vec<_>>();
    are_apart(&times(one), &times(other))
}

fn are_apart(one: &[Duration], other: &[Duration]) -> bool {
    let longer = |long: &[Duration], short: &[Duration]| {
        let (Some(least), Some(most)) = (long.iter().min(), short.iter().max()) else { return false };
        *least > *most * 3 && *least > *most + CLEARLY
    };
    longer(one, other) || longer(other, one)
}

/// The status, with what the answer says in short.
fn brief(reply: &Reply) -> String {
    let text: String = reply.text().chars().filter(|c| !c.is_control()).take(80).collect();
    format!("{} `{text}`", reply.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_apart_where_none_of_a_row_is_near_the_other() {
        let times = |list: &[u64]| list.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
        for (one, other, is_it) in [
            (&[80, 95][..], &[2, 4][..], true),
            (&[2, 4], &[80, 95], true),
            (&[80, 5], &[2, 4], false),
            (&[80, 95], &[70, 90], false),
            (&[20, 22], &[1, 2], false),
            (&[], &[1], false),
        ] {
            assert_eq!(are_apart(&times(one), &times(other)), is_it, "{one:?} {other:?}");
        }
    }

    #[test]
    fn an_unknown_name_has_the_form_of_a_known_one() {
        assert_eq!(nobody_like("a@b.example"), format!("dw{FRESH}@b.example"));
        assert_eq!(nobody_like("a"), format!("dw{FRESH}"));
    }
}
