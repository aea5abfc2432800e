//! Accounts that a run registers for itself, so that what an attack does to an account is done to none of others.

use super::person::{Entered, Newcomer};
use super::{Prober, Stop};
use crate::answer::Reply;
use crate::identity::Identity;
use crate::request::{Draft, Slot, curl};
use crate::session::{LogInForm, Session, session_of};
use crate::surface::Role;
use crate::surface::shape::fold;
use crate::who::Who;

impl Prober<'_> {
    /// Sends a draft with these credentials.
    pub(crate) async fn ask_by(&self, draft: &Draft, identity: &Identity) -> Result<Reply, Stop> {
        let draft = draft.settled();
        let probe = draft.probe(self.surface.endpoint(draft.endpoint)).by(identity);
        let repeat = curl::command(&self.client.root(), &probe, Some(&identity.name));
        Ok(Reply { repeat, ..self.ask_as(draft, probe, Who::Nobody).await? })
    }

    /// Registers an account that can log in. `None` where that cannot be done at once.
    pub(crate) async fn newcomer(&self) -> Result<Option<Newcomer>, Stop> {
        if self.options.is_safe {
            return Ok(None);
        }
        let [attacker, victim] = [Who::Attacker, Who::Victim].map(|who| self.person(who));
        let person = attacker.into_iter().chain(victim).find(|person| person.sign.is_some());
        let form_of = |form: Option<LogInForm>| form.or_else(|| self.log_in_form());
        let Some((form, sign)) = person.and_then(|person| Some((form_of(person.form)?, person.sign?))) else {
            return Ok(None);
        };
        for (at, endpoint) in self.surface.with_role(Role::Register) {
            let known = [Who::Nobody, Who::Attacker].into_iter().find_map(|who| self.control(at, who));
            let Some(control) = known.filter(|_| self.options.wants(&endpoint.name())) else { continue };
            let reply = self.ask(&control.draft, Who::Nobody).await?;
            if !reply.is_served {
                continue;
            }
            for (name, password) in credentials_of(&reply.draft, &form.name) {
                let new = Newcomer { name, password, form: form.clone(), sign: sign.clone() };
                if self.enter(&new).await?.is_some() {
                    return Ok(Some(new));
                }
            }
        }
        Ok(None)
    }

    /// Logs a newcomer in. `None` if its name and password are not taken, or its session is not served.
    pub(crate) async fn enter(&self, new: &Newcomer) -> Result<Option<Entered>, Stop> {
        let endpoint = self.surface.endpoint(new.form.endpoint);
        let reply = self.ask(&new.form.draft(endpoint, &new.name, &new.password), Who::Nobody).await?;
        let Some(session) = session_of(&reply.answer).filter(|_| reply.is_served) else { return Ok(None) };
        self.entered(Who::Attacker, session, &new.sign, &new.name).await
    }

    /// Begins a session of its own for an account of the run, and shows that it is served.
    pub(crate) async fn enter_again(&self, who: Who) -> Result<Option<Entered>, Stop> {
        let Some(sign) = self.person(who).and_then(|person| person.sign) else { return Ok(None) };
        let Some((session, _)) = self.new_session(who).await? else { return Ok(None) };
        let name = self.identity(who).map(|identity| identity.name).unwrap_or_default();
        self.entered(who, session, &sign, &name).await
    }

    async fn entered(
        &self,
        like: Who,
        session: Session,
        sign: &Draft,
        name: &str,
    ) -> Result<Option<Entered>, Stop> {
        let Some(shown) = self.shown(like, &session) else { return Ok(None) };
        let identity = Identity { name: name.to_owned(), ..shown };
        let served = self.ask_by(sign, &identity).await?;
        let entered = || Entered { identity, session, sign: sign.clone(), served: served.clone() };
        Ok(served.is_served.then(entered))
    }
}

/// What an account that was registered so may log in with: each name with the password.
fn credentials_of(draft: &Draft, name: &Slot) -> Vec<(String, String)> {
    let slots = draft.slots();
    let texts = |is_it: &dyn Fn(&str) -> bool| -> Vec<String> {
        slots.iter().filter(|slot| is_it(&fold(slot.name()))).filter_map(|slot| draft.text(slot)).collect()
    };
    let Some(password) = texts(&|name| name.contains("pass") || name == "pwd").into_iter().next() else {
        return Vec::new();
    };
    let wanted = fold(name.name());
    let mut names = texts(&|name| name == wanted);
    names.extend(texts(&|name| name.contains("mail")));
    names.extend(texts(&|name| name.contains("user") || name == "login"));
    let mut known: Vec<String> = Vec::new();
    for name in names {
        if !known.contains(&name) && known.len() < 2 {
            known.push(name);
        }
    }
    known.into_iter().map(|name| (name, password.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_logs_in_by_the_name_that_the_form_asks_for() {
        let body = json!({ "user": { "email": "a@b.example", "username": "ab", "password": "p" } });
        let draft = Draft { body: Some(body), ..Draft::empty(0) };
        for (slot, expected) in [
            ("/username", &["ab", "a@b.example"][..]),
            ("/user/email", &["a@b.example", "ab"]),
            ("/login", &["a@b.example", "ab"]),
        ] {
            let names: Vec<String> =
                credentials_of(&draft, &Slot::Body(slot.into())).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, expected, "{slot}");
        }
        let none = Draft { body: Some(json!({ "email": "a@b.example" })), ..Draft::empty(0) };
        assert!(credentials_of(&none, &Slot::Body("/email".into())).is_empty());
    }
}
