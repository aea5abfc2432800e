//! Wrong passwords, one after another, until they are no longer judged.

use std::time::Duration;

use crate::answer::{Likeness, Mask, Reply};
use crate::probe::Probe;
use crate::prober::{Prober, Stop};
use crate::request::Draft;
use crate::session::{LogInForm, session_of};
use crate::surface::shape::FRESH;
use crate::who::Who;

/// The word under which the answer to a wrong password is kept.
pub(super) const JUDGED: &str = "wrong password";

/// How the guesses ended.
pub(super) enum Limit {
    /// With the answer to this one, which says that there were too many.
    At(usize, Box<Reply>),
    /// All were judged.
    None,
    /// Nothing can be said, for this reason.
    Unclear(String),
}

/// Guesses for one name.
pub(super) struct Guesses {
    draft: Draft,
    replies: Vec<Reply>,
}

/// The ways to log in that the accounts of the run use; the likeliest one where they came with tokens.
pub(super) fn tries(p: &Prober<'_>) -> Vec<LogInForm> {
    let used: Vec<usize> =
        Who::PEOPLE.into_iter().filter_map(|who| Some(p.person(who)?.form?.endpoint)).collect();
    let wanted = |form: &LogInForm| p.options.wants(&p.surface.endpoint(form.endpoint).name());
    let mut forms: Vec<LogInForm> = LogInForm::all(p.surface).into_iter().filter(wanted).collect();
    match used.is_empty() {
        true => forms.truncate(1),
        false => forms.retain(|form| used.contains(&form.endpoint)),
    }
    forms
}

/// A name that nobody has, in the form of the accounts' names.
pub(super) fn name_of_nobody(p: &Prober<'_>) -> String {
    let mail = p.options.accounts.iter().find_map(|account| {
        account.credentials.as_ref()?.0.split_once('@').map(|(_, domain)| domain.to_owned())
    });
    let number = p.sent();
    match mail {
        Some(domain) => format!("dwnobody{number}@{domain}"),
        None => format!("dwnobody{number}"),
    }
}

impl Guesses {
    /// Guesses of another kind than passwords.
    pub(super) fn of(draft: Draft) -> Self {
        Guesses { draft, replies: Vec::new() }
    }

    pub(super) fn for_nobody(p: &Prober<'_>, form: &LogInForm) -> Self {
        Guesses { draft: draft(p, form, &name_of_nobody(p)), replies: Vec::new() }
    }

    pub(super) fn for_name(p: &Prober<'_>, form: &LogInForm, name: &str) -> Self {
        Guesses { draft: draft(p, form, name), replies: Vec::new() }
    }

    /// One more guess.
    pub(super) async fn once_more(&self, p: &Prober<'_>) -> Result<Reply, Stop> {
        p.ask(&self.draft, Who::Nobody).await
    }

    /// One more guess in another request: its head was changed by hand.
    pub(super) async fn changed(
        &self,
        p: &Prober<'_>,
        change: impl FnOnce(Probe) -> Probe,
    ) -> Result<Reply, Stop> {
        let draft = self.draft.settled();
        let probe = change(draft.probe(p.surface.endpoint(draft.endpoint)));
        p.ask_as(draft, probe, Who::Nobody).await
    }

    /// The first answer and the last.
    pub(super) fn ends(&self) -> Option<(Reply, Reply)> {
        Some((self.replies.first()?.clone(), self.replies.last()?.clone()))
    }

    /// Tries up to so many passwords.
    pub(super) async fn go_on(&mut self, p: &Prober<'_>, most: usize) -> Result<Limit, Stop> {
        for nth in 0..most {
            let reply = match p.ask(&self.draft, Who::Nobody).await {
                Ok(reply) => reply,
                Err(Stop::NoAnswer(reason) | Stop::NotAllowed(reason)) => return Ok(Limit::Unclear(reason)),
                Err(ended) => return Err(ended),
            };
            if reply.is_served && session_of(&reply.answer).is_some() {
                return Ok(Limit::Unclear("a wrong password is served".into()));
            }
            let differs = |first: &Reply| !are_alike(first, &reply) || is_slowed(first.took, reply.took);
            if nth == 0 && matches!(reply.status(), 405 | 415 | 500..) && !says_limit(&reply) {
                return Ok(Limit::Unclear(format!("a try is answered {}", reply.answer.status)));
            }
            if says_limit(&reply) {
                return Ok(Limit::At(nth + 1, Box::new(reply)));
            }
            if self.replies.first().is_some_and(differs) {
                // Another answer is a limit if it stays.
                let next = self.once_more(p).await?;
                return Ok(match says_limit(&next) || are_alike(&next, &reply) {
                    true => Limit::At(nth + 1, Box::new(reply)),
                    false => Limit::Unclear("answers to wrong passwords differ by themselves".into()),
                });
            }
            p.note(reply.draft.endpoint, JUDGED, &reply);
            self.replies.push(reply);
        }
        Ok(Limit::None)
    }
}

fn draft(p: &Prober<'_>, form: &LogInForm, name: &str) -> Draft {
    form.draft(p.surface.endpoint(form.endpoint), name, &format!("Wrong-{FRESH}-Lantern-0"))
}

/// Whether answers come later and later, as some limits make them.
fn is_slowed(first: Duration, now: Duration) -> bool {
    now > Duration::from_secs(2) && now > first * 5
}

/// Whether an answer says that there were too many.
pub(super) fn says_limit(reply: &Reply) -> bool {
    if matches!(reply.status(), 423 | 429 | 503) || reply.answer.header("retry-after").is_some() {
        return true;
    }
    let text = reply.text().to_ascii_lowercase();
    let words = [
        "too many",
        "rate limit",
        "ratelimit",
        "throttle",
        "try again later",
        "temporarily locked",
        "account is locked",
        "account locked",
        "captcha",
    ];
    !reply.is_served && words.iter().any(|word| text.contains(word))
}

/// Whether two answers to guesses say the same.
pub(super) fn are_alike(one: &Reply, other: &Reply) -> bool {
    let like = |reply: &Reply| {
        let inputs: Vec<String> =
            reply.draft.slots().iter().filter_map(|slot| reply.draft.text(slot)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Likeness::of(reply, &Mask::default(), &inputs)
    };
    like(one) == like(other)
}
